import { appendFileSync, readdirSync, renameSync, rmSync, truncateSync, statSync } from 'node:fs';
import { join } from 'node:path';
import { describe, expect, onTestFinished, test } from 'vitest';
import {
  anyMajor,
  expectSameRows,
  postgres,
  startSluice,
  temporaryFolder,
  waitFor,
} from '../../kit/index.ts';
import { bank, type Scene } from './scene.ts';

const source = postgres(anyMajor, { logical_decoding_work_mem: '64kB' });
const target = postgres(anyMajor);

/** Copied, and begun with its durable spill. */
async function begun(directory: string): Promise<Scene> {
  const scene = await bank(source, target, {
    spill: { mode: 'durable', directory },
    mayLeak: true,
  });
  await scene.once();
  return scene;
}

/** Nothing gets into `moves` on the target until the returned function is called. */
async function holdTarget(scene: Scene): Promise<() => Promise<void>> {
  const client = await scene.there.client();
  await client.query('BEGIN; LOCK TABLE moves IN ACCESS EXCLUSIVE MODE');
  return async () => {
    await client.query('ROLLBACK');
  };
}

async function write(scene: Scene, note: string, transactions = 30): Promise<void> {
  for (let i = 0; i < transactions; i++)
    await scene.here.query(
      `INSERT INTO moves SELECT ${i}, g, '${note}' FROM generate_series(1, 100) g; UPDATE accounts SET balance = balance + 1 WHERE id <= 50`,
    );
}

/** Until the source was told that everything up to now may be forgotten. */
async function isConfirmed(scene: Scene): Promise<void> {
  const end = await scene.here.value<string>('SELECT pg_current_wal_flush_lsn()::text');
  await scene.here.query(`INSERT INTO moves VALUES (0, 0, 'marker')`);
  await waitFor('the slot to be confirmed from the spill', async () => {
    const { confirmed } = await scene.slot();
    return scene.here.value<boolean>(`SELECT '${confirmed}'::pg_lsn >= '${end}'::pg_lsn`);
  });
}

/** A process that has confirmed what the target does not have, killed. */
async function killedAhead(scene: Scene, directory: string, note = 'ahead'): Promise<void> {
  const sluice = startSluice(scene.args('--spill', 'durable', '--spill-dir', directory));
  await waitFor('the pipeline to follow', async () => (await scene.slot()).activePid !== null);
  await scene.here.query(`INSERT INTO moves VALUES (0, 0, 'before ${note}')`);
  await waitFor('the first change', async () => {
    const rows = await scene.there.rows(`SELECT FROM moves WHERE note = 'before ${note}'`);
    return rows.length > 0;
  });
  const release = await holdTarget(scene);
  await write(scene, note);
  await isConfirmed(scene);
  await sluice.kill();
  await release();
  await waitFor('the killed one to be gone from the target', async () => {
    const rows = await scene.there.rows(
      `SELECT FROM pg_stat_activity WHERE datname = current_database() AND application_name LIKE 'sluice%'`,
    );
    return rows.length === 0;
  });
  expect(
    await scene.there.value(`SELECT count(*)::int FROM moves WHERE note = '${note}'`),
  ).toBeLessThan(3000);
}

const logOf = (directory: string): string => {
  const [spill] = readdirSync(directory).filter((name) => name.endsWith('.spill'));
  const path = join(directory, spill!);
  const logs = readdirSync(path)
    .filter((name) => name.endsWith('.log'))
    .toSorted();
  return join(path, logs.at(-1)!);
};

describe('a durable spill', () => {
  test('confirms for a target that is held, and delivers in order once it goes on', async () => {
    const directory = temporaryFolder();
    const scene = await begun(directory);
    const pipeline = await scene.follow();
    const release = await holdTarget(scene);
    await write(scene, 'held');
    await isConfirmed(scene);
    expect(
      await scene.there.value(
        `SELECT position < '${(await scene.slot()).confirmed}'::pg_lsn FROM sluice.pipeline`,
      ),
    ).toBe(true);
    await release();
    await scene.arrives(pipeline);
    await expectSameRows(scene.here, scene.there);
    await write(scene, 'later', 3);
    await scene.arrives(pipeline);
    await expectSameRows(scene.here, scene.there);
    await pipeline.stop();
  });

  test('is where a killed process goes on from', async () => {
    const directory = temporaryFolder();
    const scene = await begun(directory);
    await killedAhead(scene, directory);
    await scene.here.query(`INSERT INTO moves VALUES (1, 1, 'meanwhile')`);
    await scene.settles();
    // And once more, on top of what was recovered.
    await killedAhead(scene, directory, 'ahead again');
    await scene.settles();
  });

  test.each([
    ['cut short', (path: string) => truncateSync(path, statSync(path).size - 5)],
    ['with rubbish behind it', (path: string) => appendFileSync(path, Buffer.alloc(50, 7))],
  ])('whose last record was torn, %s, is read again from the slot or stops', async (_how, tear) => {
    const directory = temporaryFolder();
    const scene = await begun(directory);
    await killedAhead(scene, directory);
    // What is confirmed was fsynced: a crash can only tear what came after it. Write that, unconfirmed.
    const path = logOf(directory);
    tear(path);
    const outcome = await scene.once().then(
      () => 'done',
      (error: unknown) => error,
    );
    if (outcome === 'done') await expectSameRows(scene.here, scene.there);
    // Damage to what was confirmed cannot be made good: it must be said.
    else expect(outcome).toMatchObject({ code: 'LEDGER_SLOT_AHEAD' });
  });

  test('that is missing stops the start, and works again once it is back', async () => {
    const directory = temporaryFolder();
    const scene = await begun(directory);
    await killedAhead(scene, directory);
    const away = `${directory}-away`;
    renameSync(directory, away);
    onTestFinished(() => rmSync(away, { recursive: true, force: true }));
    const position = await scene.position();
    const confirmed = (await scene.slot()).confirmed;
    const missing = await scene.refused();
    expect(missing).toMatchObject({ code: 'LEDGER_SPILL_MISSING' });
    expect(missing.message).toMatch(/start where the spill is/);
    expect(await scene.refused({ spill: undefined })).toMatchObject({
      code: 'LEDGER_SPILL_MISSING',
    });
    expect(await scene.position()).toBe(position);
    expect((await scene.slot()).confirmed).toBe(confirmed);
    rmSync(directory, { recursive: true });
    renameSync(away, directory);
    await scene.settles();
    // What is in the target needs no spill: the mode may be left.
    await scene.settles({ spill: undefined });
  });

  test('that is full holds the reader back until there is room', async () => {
    const directory = temporaryFolder();
    const scene = await begun(directory);
    const pipeline = await scene.follow({
      spill: { mode: 'durable', directory, maxBytes: 400_000 },
    });
    const release = await holdTarget(scene);
    for (let i = 0; i < 40; i++)
      await scene.here.query(
        `INSERT INTO moves SELECT ${i}, g, md5(random()::text) || md5(random()::text) FROM generate_series(1, 400) g`,
      );
    await release();
    await scene.arrives(pipeline);
    await expectSameRows(scene.here, scene.there);
    await pipeline.stop();
  });

  test('that one transaction fills stops, and goes on with more room', async () => {
    const directory = temporaryFolder();
    const scene = await begun(directory);
    await scene.here.query(
      `INSERT INTO moves SELECT g, g, md5(random()::text) || md5(random()::text) FROM generate_series(1, 40000) g`,
    );
    const error = await scene.refused({ spill: { mode: 'durable', directory, maxBytes: 300_000 } });
    expect(error).toMatchObject({ code: 'STREAM_SPILL_FULL' });
    await scene.settles();
  });

  test('of another format than the stream comes in now is applied first', async () => {
    const directory = temporaryFolder();
    const scene = await begun(directory);
    await killedAhead(scene, directory);
    // What names an object is an OID in binary: with such a column the whole stream comes as text.
    const kinds = 'CREATE TABLE kinds (id int PRIMARY KEY, kind regclass)';
    for (const side of [scene.here, scene.there]) await side.query(kinds);
    await scene.here.query(`INSERT INTO kinds VALUES (1, 'accounts')`);
    await write(scene, 'as text', 3);
    await scene.settles();
    expect(scene.logged.join()).toContain('the spill is applied before more is read');
    await scene.here.query(`INSERT INTO kinds VALUES (2, 'moves')`);
    await killedAhead(scene, directory, 'held as text');
    for (const side of [scene.here, scene.there]) await side.query('DROP TABLE kinds');
    await write(scene, 'as binary', 3);
    await scene.settles({ tables: ['!public.kinds'] });
  });

  test('that holds in binary what the target now takes as text stops, and goes on when it is as it was', async () => {
    const directory = temporaryFolder();
    const scene = await begun(directory);
    await killedAhead(scene, directory);
    const position = await scene.position();
    await scene.there.query('ALTER TABLE moves ALTER account TYPE bigint');
    expect(await scene.refused()).toMatchObject({
      code: 'STREAM_SPILL_FORMAT',
      details: { table: 'public.moves', column: 'account' },
    });
    expect(await scene.position()).toBe(position);
    await scene.there.query('ALTER TABLE moves ALTER account TYPE int');
    await scene.settles();
  });
});
