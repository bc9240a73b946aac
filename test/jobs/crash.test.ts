import { writeFile } from 'node:fs/promises';
import { join } from 'node:path';
import { describe, expect, test } from 'vitest';
import {
  crashSluice,
  postgres,
  runSluice,
  temporaryFolder,
  type TestDatabase,
} from '../kit/index.ts';
import { eventsOf, queueDatabase, targetDatabase, tick } from './databases.ts';
import { runJob } from './run-job.ts';

const server = postgres();

const columns = 'id int PRIMARY KEY, at timestamp, note text';

/** A table whose changes are in the queue `q`. */
async function changingTable(consumers: readonly string[]): Promise<TestDatabase> {
  const source = await queueDatabase(server);
  await source.query(`CREATE TABLE a (${columns}); CREATE TRIGGER q AFTER INSERT OR UPDATE OR DELETE ON a
    FOR EACH ROW EXECUTE PROCEDURE pgq.logutriga('q')`);
  for (const name of consumers) {
    await source.query('SELECT pgq.register_consumer($1, $2)', ['q', name]);
  }
  return source;
}

/** A batch of its own; three of them make, change and remove the same rows. */
async function change(source: TestDatabase, from: number): Promise<void> {
  await source.query(
    `INSERT INTO a SELECT i, timestamp '2026-01-01' + i * interval '7 days', 'it''s ' || i FROM generate_series($1::int, $1 + 9) i`,
    [from],
  );
  await source.query("UPDATE a SET note = note || ' again' WHERE id % 3 = 0");
  await source.query('DELETE FROM a WHERE id % 5 = 0');
  await tick(source);
}

interface Kind {
  readonly settings: Readonly<Record<string, string>>;
  readonly target: () => Promise<TestDatabase>;
  /** What the job has done there, in full. */
  readonly found: (target: TestDatabase) => Promise<unknown>;
}

const sameTable = () => targetDatabase(server, `CREATE TABLE a (${columns})`);
const noKey = () =>
  targetDatabase(server, `CREATE TABLE a (${columns.replace('PRIMARY KEY', '')})`);

/** The exactly-once kinds. */
const kinds: Readonly<Record<string, Kind>> = {
  queue_splitter: {
    settings: {},
    target: () => queueDatabase(server, ['public.a']),
    found: (target) => eventsOf(target, 'public.a'),
  },
  simple_serial_consumer: {
    settings: { query: 'insert into a (note) values (%(pgq.ev_id)s)' },
    target: noKey,
    found: rowsOf,
  },
  table_dispatcher: {
    settings: {
      dest_table: 'public.a',
      part_field: 'at',
      part_method: 'monthly',
      part_template: 'create table _DEST_TABLE (like _PARENT)',
      filter: "ev_type like 'I%'",
    },
    target: noKey,
    found: rowsOf,
  },
  cube_dispatcher: { settings: {}, target: noKey, found: rowsOf },
  queue_loader: {
    settings: {
      table_mode: 'split',
      row_mode: 'keep_all',
      split_mode: 'by-date-field:at',
      split_part: '%(table_name)s_%(year)s_%(month)s',
      split_part_template: 'create table %(dest)s (like %(parent)s)',
      filter: "ev_type not like 'D%'",
    },
    target: noKey,
    found: rowsOf,
  },
  bulk_loader: { settings: {}, target: sameTable, found: rowsOf },
};

/** Of every table, how often each row is there. */
async function rowsOf(target: TestDatabase): Promise<unknown> {
  const tables = await target.rows<{ name: string }>(
    "SELECT relname::text AS name FROM pg_class WHERE relkind = 'r' AND relnamespace = 'public'::regnamespace ORDER BY 1",
  );
  const found: Record<string, unknown> = {};
  for (const { name } of tables) {
    found[name] = await target.rows(
      `SELECT t::text AS row, count(*)::int FROM ${name} t GROUP BY 1 ORDER BY 1`,
    );
  }
  return found;
}

/** @returns the arguments of `sluice` that run the job until nothing is left to do */
async function jobArgs(
  kind: string,
  source: TestDatabase,
  target: TestDatabase,
  settings: Readonly<Record<string, string>>,
): Promise<string[]> {
  const config = join(temporaryFolder(), 'sluice.toml');
  const lines = Object.entries({ kind, source: 'shop', target: 'there', queue: 'q', ...settings });
  await writeFile(
    config,
    `[databases]\nshop = "${source.url}"\nthere = "${target.url}"\n[jobs.killed]\n` +
      lines.map(([key, value]) => `${key} = ${JSON.stringify(value)}\n`).join(''),
  );
  return ['jobs', 'run', 'killed', '--once', '--config', config];
}

const moments = ['consumer.before-commit', 'consumer.before-finish', 'consumer.after-commit'];

describe.each(Object.entries(kinds))('%s', { timeout: 180_000 }, (kind, job) => {
  test.each(moments)('killed at %s has done everything once after the next run', async (moment) => {
    const source = await changingTable(['killed', 'calm']);
    const [target, calm] = [await job.target(), await job.target()];
    const args = await jobArgs(kind, source, target, job.settings);
    for (const from of [1, 11, 21]) await change(source, from);
    await crashSluice(args, moment, { failpoints: { [moment]: 'kill@2' } });
    await change(source, 31);
    expect(await runSluice(args)).toMatchObject({ exitCode: 0 });
    const places = { source: source.url, target: calm.url, queue: 'q' };
    await runJob({ kind, ...places, ...job.settings }, 'calm');
    expect(await job.found(target)).toEqual(await job.found(calm));
    expect(JSON.stringify(await job.found(calm))).toContain('31');
  });
});

describe('simple_consumer', { timeout: 180_000 }, () => {
  test.each([
    ['consumer.before-finish', 2],
    ['consumer.after-commit', 1],
  ])('killed at %s has done the second batch %i times, the others once', async (moment, times) => {
    const source = await changingTable(['killed']);
    const target = await targetDatabase(server, 'CREATE TABLE done (nr serial, id text)');
    const query = 'insert into done (id) values (%(id)s)';
    const args = await jobArgs('simple_consumer', source, target, { query });
    for (const id of [1, 2]) {
      await source.query('INSERT INTO a VALUES ($1, null, null)', [id]);
      await tick(source);
    }
    await crashSluice(args, moment, { failpoints: { [moment]: 'kill@2' } });
    await source.query('INSERT INTO a VALUES (3, null, null)');
    await tick(source);
    expect(await runSluice(args)).toMatchObject({ exitCode: 0 });
    const done = await target.rows('SELECT id FROM done ORDER BY nr');
    const second = Array.from({ length: times }, () => '2');
    expect(done.map(({ id }) => id)).toEqual(['1', ...second, '3']);
  });
});
