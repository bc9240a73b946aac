import { writeFile } from 'node:fs/promises';
import { join } from 'node:path';
import { describe, expect, test } from 'vitest';
import {
  postgres,
  runSluice,
  startSluice,
  temporaryFolder,
  waitFor,
  type TestDatabase,
} from '../kit/index.ts';
import { insertEvents, queueDatabase, targetDatabase, waiting } from './databases.ts';
import { runJob } from './run-job.ts';

const server = postgres();

/** A queue with a row for each day, and the one consumer that is to get it. */
async function visits(
  consumer: string,
  rows: readonly (readonly [id: number, day: string])[],
): Promise<TestDatabase> {
  const source = await queueDatabase(server);
  await source.query('SELECT pgq.register_consumer($1, $2)', ['q', consumer]);
  await insertEvents(
    source,
    rows.map(([id, day]) => ({
      type: 'I:id',
      data: `id=${id}&at=${day} 10:00:00`,
      extra1: 'public.visit',
    })),
  );
  return source;
}

const target = () => targetDatabase(server, 'CREATE TABLE visit (id int, at timestamp)');

function settings(source: string, there: string) {
  return {
    table_dispatcher: {
      kind: 'table_dispatcher',
      source,
      target: there,
      queue: 'q',
      dest_table: 'public.visit',
      part_field: 'at',
      part_template: 'create table _DEST_TABLE () inherits (_PARENT)',
    },
    cube_dispatcher: {
      kind: 'cube_dispatcher',
      source,
      target: there,
      queue: 'q',
      mode: 'keep_all',
      dateformat: '"day"',
      part_template: 'create table _DEST_TABLE () inherits (_PARENT)',
    },
  };
}

async function jobArgs(job: Readonly<Record<string, string>>): Promise<string[]> {
  const config = join(temporaryFolder(), 'sluice.toml');
  const { source, target: there, ...rest } = job;
  await writeFile(
    config,
    `[databases]\nshop = "${source}"\nthere = "${there}"\n[jobs.job]\nsource = "shop"\ntarget = "there"\n` +
      Object.entries(rest)
        .map(([key, value]) => `${key} = ${JSON.stringify(value)}\n`)
        .join(''),
  );
  return ['jobs', 'run', 'job', '--once', '--config', config];
}

const ids = async (database: TestDatabase) =>
  (await database.rows('SELECT id FROM visit ORDER BY id')).map(({ id }) => id);

describe('two dispatchers that want the same table', { timeout: 60_000 }, () => {
  test.each(['table_dispatcher', 'cube_dispatcher'] as const)(
    'of kind %s: when the one that makes it dies, the other one makes it',
    async (kind) => {
      const there = await target();
      const first = await visits('first', [[1, '2026-01-05']]);
      const second = await visits('second', [[2, '2026-01-05']]);
      const args = await jobArgs({ ...settings(first.url, there.url)[kind], consumer: 'first' });
      const dying = startSluice(args, { failpoints: { 'consumer.before-commit': 'hold' } });
      await dying.holdsAt('consumer.before-commit');
      const other = runJob(settings(second.url, there.url)[kind], 'second');
      await waitFor('the other to wait', async () => (await waiting(there)) === 1);
      await dying.kill();
      await other;
      expect(await ids(there)).toEqual([2]);
      expect(await runSluice(args)).toMatchObject({ exitCode: 0 });
      expect(await ids(there)).toEqual([1, 2]);
      const made = "SELECT count(*)::int FROM pg_inherits WHERE inhparent = 'visit'::regclass";
      expect(await there.value(made)).toBe(1);
    },
  );
});

test('a table that retention drops while rows arrive is made again, and no row is lost', async () => {
  const there = await target();
  const run = (source: TestDatabase, consumer: string, more: object = {}) =>
    runJob({ ...settings(source.url, there.url).table_dispatcher, ...more }, consumer, {
      mayRepeat: true,
    });
  await run(await visits('early', [[1, '2020-01-05']]), 'early');
  const reader = await there.client();
  await reader.query('BEGIN; TABLE visit_2020_01_05');
  const today = new Date().toISOString().slice(0, 10);
  const dropping = run(await visits('dropping', [[2, today]]), 'dropping', { retention: '90d' });
  await waitFor('retention to wait', async () => (await waiting(there)) === 1);
  const late = run(await visits('late', [[3, '2020-01-05']]), 'late');
  await waitFor('rows to wait', async () => (await waiting(there)) === 2);
  await reader.query('COMMIT');
  await Promise.all([dropping, late]);
  expect((await ids(there)).filter((id) => id !== 1)).toEqual([2, 3]);
});
