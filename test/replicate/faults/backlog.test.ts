import { describe, expect, test } from 'vitest';
import { armFailpoint } from '../../../src/service/index.ts';
import {
  anyMajor,
  expectSameRows,
  postgres,
  startProxy,
  waitFor,
  within,
  type TestServer,
} from '../../kit/index.ts';
import { bank, type Scene } from './scene.ts';
import { Writer } from './writer.ts';

// Any backlog, in pieces of a few transactions.
const always = { fromBytes: 0, nearBytes: 0, pieceBytes: 1024 * 1024, pieceChanges: 500 };

const source = postgres(anyMajor, { logical_decoding_work_mem: '64kB' });
const target = postgres(anyMajor);

/** A pipeline that has copied and stopped, and what has been written since. */
async function behind(from: TestServer = source): Promise<Scene & { written: number }> {
  const scene = await bank(from, target, { backlog: always });
  await scene.once();
  const writer = Writer.start(scene.here);
  await writer.writes(60);
  await writer.stop();
  return Object.assign(scene, { written: writer.committed });
}

/** The temporary slots that a backlog is read by. */
async function readers({ here }: Scene): Promise<number> {
  return here.value<number>(
    `SELECT count(*)::int FROM pg_replication_slots
      WHERE database = current_database() AND temporary`,
  );
}

function wasReadBySql(scene: Scene): boolean {
  return !scene.logged.some((line) => line.includes('through the walsender'));
}

describe('a backlog is read through SQL', () => {
  test('arrives, and leaves no slot but ours, which stands where the target is', async () => {
    const scene = await behind();
    await scene.settles();
    expect(wasReadBySql(scene)).toBe(true);
    expect(await readers(scene)).toBe(0);
    const { confirmed, activePid } = await scene.slot();
    expect(activePid).toBeNull();
    expect(confirmed).toBe(await scene.position());
  });

  test('then the walsender takes over, and nothing is lost or done twice in between', async () => {
    const scene = await behind();
    const writer = Writer.start(scene.here, scene.written);
    const pipeline = await scene.follow({ backlog: { ...always, nearBytes: 1024 * 1024 } });
    await writer.writes(30);
    await waitFor('the walsender', async () => (await scene.slot()).activePid !== null);
    await writer.writes(30);
    await writer.stop();
    await scene.arrives(pipeline);
    expect(await readers(scene)).toBe(0);
    await expectSameRows(scene.here, scene.there);
    await pipeline.stop();
  });

  test('while nothing is applied, the slot keeps its WAL (P2)', async () => {
    const scene = await behind();
    const before = await scene.slot();
    const held = armFailpoint('apply.before-commit', 'hold');
    const pipeline = scene.pipeline({ once: true });
    pipeline.start();
    await within('a segment', held.reached);
    await waitFor('both readers', async () => (await readers(scene)) === 2);
    expect((await scene.slot()).confirmed).toBe(before.confirmed);
    held.release();
    await within('the pipeline to be done', pipeline.finished);
    await expectSameRows(scene.here, scene.there);
  });

  test('a stop in the middle ends the readers, and the next start goes on', async () => {
    const scene = await behind();
    const held = armFailpoint('apply.after-commit', 'hold', 2);
    const pipeline = await scene.follow();
    await within('the second segment', held.reached);
    const stopped = pipeline.stop();
    held.release();
    await within('the pipeline to stop', stopped);
    expect(await readers(scene)).toBe(0);
    await scene.settles();
  });

  test.each([0, 1])('reader %i is killed', async (lane) => {
    const scene = await behind();
    const held = armFailpoint('apply.before-commit', 'hold', 2);
    const pipeline = scene.pipeline({ once: true });
    pipeline.start();
    await within('the second segment', held.reached);
    await waitFor('both readers', async () => (await readers(scene)) === 2);
    await scene.here.query(
      `SELECT pg_terminate_backend(pid) FROM (
         SELECT active_pid AS pid FROM pg_replication_slots
          WHERE database = current_database() AND temporary ORDER BY 1 OFFSET ${lane} LIMIT 1) AS one`,
    );
    held.release();
    await within('the pipeline to be done', pipeline.finished, 40_000);
    await expectSameRows(scene.here, scene.there);
  });

  test('a slot that another moves before the walsender has it stops the pipeline (P2)', async () => {
    const scene = await behind();
    const end = await scene.here.value<string>('SELECT pg_current_wal_lsn()::text');
    const held = armFailpoint('apply.before-commit', 'hold');
    const pipeline = scene.pipeline({ backlog: { ...always, nearBytes: 1024 * 1024 } });
    pipeline.start();
    pipeline.ready.catch(() => undefined);
    await within('a segment', held.reached);
    // All is read, and waits to be applied: as far as there was something when it began.
    await waitFor('both readers to be at the end', () =>
      scene.here.value<boolean>(
        `SELECT count(*) = 2 AND min(confirmed_flush_lsn) >= $1::pg_lsn FROM pg_replication_slots
          WHERE database = current_database() AND temporary`,
        [end],
      ),
    );
    await scene.here.query(`INSERT INTO cards VALUES (90000, 1, 'nobody sends it')`);
    await scene.here.query(
      `SELECT pg_replication_slot_advance(slot_name, pg_current_wal_lsn()) FROM pg_replication_slots
        WHERE database = current_database() AND NOT temporary`,
    );
    held.release();
    await expect(within('the pipeline to stop', pipeline.finished)).rejects.toMatchObject({
      code: 'LEDGER_SLOT_AHEAD',
    });
    expect(scene.logged.join()).toContain('STREAM_SLOT_MOVED');
  });

  test('the connections are cut in the middle of a piece', async () => {
    const scene = await behind();
    const proxy = await startProxy({ port: source.port });
    const through = proxy.url(scene.here.url);
    const held = armFailpoint('apply.before-commit', 'hold', 2);
    const pipeline = scene.pipeline({ source: through, once: true });
    pipeline.start();
    await within('the second segment', held.reached);
    proxy.cut();
    held.release();
    await within('the pipeline to be done', pipeline.finished, 40_000);
    await expectSameRows(scene.here, scene.there);
  });
});

describe('what the server refuses is read by the walsender', () => {
  const narrow = postgres(anyMajor, { max_replication_slots: 1 });

  test('no slot is free', async () => {
    const scene = await behind(narrow);
    await scene.settles();
    expect(wasReadBySql(scene)).toBe(false);
    await scene.drop();
  });

  test('no second slot is free: from behind the first piece on', async () => {
    const scene = await behind();
    const used = await scene.here.value<number>('SELECT count(*)::int FROM pg_replication_slots');
    const all = await scene.here.value<number>(
      `SELECT current_setting('max_replication_slots')::int`,
    );
    const names = Array.from({ length: all - used - 1 }, (_, i) => `taken_${i}`);
    for (const name of names)
      await scene.here.query(`SELECT pg_create_physical_replication_slot('${name}')`);
    try {
      await scene.settles();
    } finally {
      for (const name of names)
        await scene.here.query(`SELECT pg_drop_replication_slot('${name}')`);
    }
    expect(wasReadBySql(scene)).toBe(false);
  });

  test('there is no room for what it decodes', async () => {
    const scene = await behind();
    await scene.here.query(
      `INSERT INTO moves SELECT g, g, repeat('x', 1000) FROM generate_series(1, 20000) g`,
    );
    const database = await scene.here.value<string>('SELECT quote_ident(current_database())');
    await scene.here.query(`ALTER DATABASE ${database} SET temp_file_limit = '1MB'`);
    await scene.settles({ backlog: { ...always, pieceBytes: 64 * 1024 * 1024 } });
    expect(wasReadBySql(scene)).toBe(false);
  });

  test('a long way from where decoding begins: a transaction has been open all the time', async () => {
    const scene = await bank(source, target, { backlog: { ...always, pieceBytes: 16 * 1024 } });
    await scene.once();
    const open = await scene.here.client();
    await open.query(`BEGIN; INSERT INTO moves VALUES (-1, 1, 'late')`);
    const writer = Writer.start(scene.here);
    await writer.writes(60);
    await writer.stop();
    await open.query('COMMIT');
    await open.end();
    await scene.settles();
    expect((await scene.slot()).confirmed).toBe(await scene.position());
  });
});
