import { describe, expect, test } from 'vitest';
import { anyMajor, expectSameRows, postgres, waitFor } from '../../kit/index.ts';
import { bank } from './scene.ts';

const source = postgres(anyMajor);
const target = postgres(anyMajor);

describe('a commit that waits in synchronous replication while the snapshot is taken', () => {
  test('is neither lost nor there twice', async () => {
    const scene = await bank(source, target);
    // Its WAL is flushed and can be decoded, yet nobody sees its rows: nothing acknowledges the commit.
    // What the pipeline itself commits there does not wait.
    await scene.here.query(`ALTER DATABASE ${scene.here.name} SET synchronous_commit = local`);
    const waiting = await scene.here.client();
    await waiting.query('SET synchronous_commit = on');
    await source.query(`ALTER SYSTEM SET synchronous_standby_names = 'nobody'`);
    await source.query('SELECT pg_reload_conf()');
    await waitFor(
      'the setting',
      async () => (await scene.here.value('SHOW synchronous_standby_names')) === 'nobody',
    );
    const commit = waiting.query(`INSERT INTO moves VALUES (77, 77, 'waits')`);
    await waitFor('the commit to wait', async () => {
      const rows = await scene.here.rows(
        `SELECT FROM pg_stat_activity WHERE wait_event = 'SyncRep'`,
      );
      return rows.length === 1;
    });
    expect(await scene.here.value(`SELECT count(*)::int FROM moves WHERE note = 'waits'`)).toBe(0);
    const pipeline = scene.pipeline();
    pipeline.start();
    let isReady = false;
    void pipeline.ready.then(() => (isReady = true));
    // The server may make the slot's snapshot wait for the commit: then it is released only now.
    await waitFor(
      'the copy, or the snapshot to wait for the commit',
      async () => {
        const waiting = await scene.here.rows(
          `SELECT FROM pg_stat_activity WHERE backend_type = 'walsender' AND wait_event_type = 'Lock'`,
        );
        return isReady || waiting.length > 0;
      },
      { timeoutMs: 40_000 },
    );
    await source.query('ALTER SYSTEM RESET synchronous_standby_names');
    await source.query('SELECT pg_reload_conf()');
    await commit;
    await pipeline.ready;
    await scene.arrives(pipeline);
    await expectSameRows(scene.here, scene.there);
    expect(await scene.there.value(`SELECT count(*)::int FROM moves WHERE note = 'waits'`)).toBe(1);
    await pipeline.stop();
  });
});

describe('nothing for us in the WAL', () => {
  test('other tables, and an idle source: lag reads 0, the slot advances, once finishes', async () => {
    const scene = await bank(source, target, {
      tables: ['public.accounts'],
      applyLimits: { idleWriteMs: 100 },
    });
    const pipeline = await scene.follow();
    const before = (await scene.slot()).confirmed;
    await scene.here.query(
      `INSERT INTO moves SELECT g, g, 'other' FROM generate_series(1, 20000) g`,
    );
    const end = await scene.here.value<string>('SELECT pg_current_wal_flush_lsn()::text');
    await waitFor(
      'the slot to advance over what is not for us',
      async () => {
        const { confirmed } = await scene.slot();
        return scene.here.value<boolean>(
          `SELECT '${confirmed}'::pg_lsn >= '${end}' AND '${confirmed}'::pg_lsn > '${before}'`,
        );
      },
      { timeoutMs: 40_000 },
    );
    await waitFor('the lag to read 0', () => pipeline.status().lagBytes === 0, {
      timeoutMs: 30_000,
    });
    expect(pipeline.status().lagSeconds).toBe(0);
    expect(pipeline.status().transactionsApplied).toBe(0);
    await pipeline.stop();
    await scene.here.query(
      `INSERT INTO moves SELECT g, g, 'other' FROM generate_series(1, 1000) g`,
    );
    const done = await scene.once();
    expect(done.status().phase).toBe('done');
    // Nothing at all since.
    expect((await scene.once()).status()).toMatchObject({ phase: 'done', transactionsApplied: 0 });
  });
});
