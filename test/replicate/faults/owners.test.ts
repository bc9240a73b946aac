import { describe, expect, test } from 'vitest';
import { anyMajor, expectSameRows, postgres, startSluice, waitFor } from '../../kit/index.ts';
import { bank } from './scene.ts';
import { Writer } from './writer.ts';

const source = postgres(anyMajor);
const target = postgres(anyMajor);

describe('two processes with the same pipeline', () => {
  test('one runs, the other stands by, and takes over when the first is gone', async () => {
    const scene = await bank(source, target);
    const first = await scene.follow();
    const second = scene.pipeline();
    second.start();
    second.finished.catch(() => undefined);
    await waitFor('the second to stand by', () => second.status().phase === 'standby');
    const writer = Writer.start(scene.here);
    await writer.writes(20);
    expect(first.status().phase).toBe('following');
    expect(second.status().phase).toBe('standby');
    await first.stop();
    await second.ready;
    await writer.writes(20);
    await writer.stop();
    await scene.arrives(second);
    await expectSameRows(scene.here, scene.there);
    await second.stop();
  });

  test('the one that stands by takes over from one that was killed', async () => {
    const scene = await bank(source, target, { mayLeak: true });
    const first = startSluice(scene.args());
    await waitFor('the first to follow', async () => {
      const { activePid } = await scene.slot().catch(() => ({ activePid: null }));
      return activePid !== null;
    });
    const second = scene.pipeline();
    second.start();
    await waitFor('the second to stand by', () => second.status().phase === 'standby');
    const writer = Writer.start(scene.here);
    await writer.writes(10);
    await first.kill();
    await second.ready;
    await writer.stop();
    await scene.arrives(second);
    await expectSameRows(scene.here, scene.there);
    await second.stop();
  });

  test('a paused runner that lost its connections cannot commit what it had begun', async () => {
    const scene = await bank(source, target, { mayLeak: true });
    await scene.once();
    const writer = Writer.start(scene.here);
    // It stands between sending its changes and the commit.
    const first = startSluice(scene.args(), { failpoints: { 'apply.before-commit': 'hold@2' } });
    await first.holdsAt('apply.before-commit');
    first.signal('SIGSTOP');
    const pids = await scene.there.rows<{ pid: number }>(
      `SELECT pid FROM pg_stat_activity WHERE application_name LIKE 'sluice%' AND datname = current_database()`,
    );
    for (const { pid } of pids) await scene.there.query(`SELECT pg_terminate_backend(${pid})`);
    // A server that is slow to begin, or to end, may hold the slot for a while yet.
    await waitFor('the slot to be free', async () => {
      const { rowCount } = await scene.here.query(
        `SELECT pg_terminate_backend(active_pid) FROM pg_replication_slots WHERE active_pid IS NOT NULL`,
      );
      return rowCount === 0;
    });
    const second = await scene.follow();
    await writer.stop();
    await scene.arrives(second);
    first.signal('SIGCONT');
    // It sees that its connections are gone, and finds another running: it stands by, having changed nothing.
    await first.says(/standing by|starts again|SESSION_|57P01/).catch(() => undefined);
    await expectSameRows(scene.here, scene.there);
    await second.stop();
    await first.kill();
  });

  test('an owner whose epoch is over cannot commit, though its connection lives', async () => {
    const scene = await bank(source, target);
    const pipeline = await scene.follow();
    await scene.there.query(`UPDATE sluice.pipeline SET epoch = epoch + 1 WHERE name = 'test'`);
    const before = await scene.position();
    await scene.here.query(`INSERT INTO moves VALUES (7, 7, 'fenced')`);
    await expect(pipeline.finished).rejects.toMatchObject({ code: 'LEDGER_FENCED' });
    expect(await scene.there.value(`SELECT count(*)::int FROM moves WHERE note = 'fenced'`)).toBe(
      0,
    );
    expect(await scene.position()).toBe(before);
    await scene.settles();
  });
});
