import { expect, onTestFinished, test } from 'vitest';
import { checkJob, jobFindingSpecs, jobSchema } from '../../src/jobs/index.ts';
import { queueFindingSpecs } from '../../src/queue/index.ts';
import { anyMajor, postgres, type TestDatabase } from '../kit/index.ts';
import { queueDatabase, targetDatabase } from './databases.ts';

const server = postgres(anyMajor);
const specs = { ...jobFindingSpecs, ...queueFindingSpecs };

/** `CODE subject` of each finding; the settings name databases `from`, `to` and `away`. */
async function check(
  settings: Record<string, unknown>,
  databases: { from: Pick<TestDatabase, 'url'>; to: Pick<TestDatabase, 'url'> },
): Promise<string[]> {
  const urls: Record<string, string> = {
    from: databases.from.url,
    to: databases.to.url,
    away: 'postgres://app@127.0.0.1:1/away',
  };
  const plan = {
    name: 'job',
    config: jobSchema.parse({ source: 'from', ...settings }),
    connectionOf: (name: string) => Promise.resolve(urls[name]!),
    once: false,
  };
  const findings = await checkJob(plan, new AbortController().signal);
  for (const { code, remedy } of findings) {
    expect(Object.keys(specs)).toContain(code);
    expect(remedy).not.toMatch(/\{\w+\}/);
  }
  return findings.map(({ code, subject }) => `${code} ${subject}`);
}

const orders = 'create table orders (id int primary key, at timestamptz)';

async function makePair(sql = '') {
  const from = await queueDatabase(server);
  return { from, to: await targetDatabase(server, sql) };
}

async function asVisitor(database: TestDatabase, sql: string): Promise<{ url: string }> {
  await database.query(`create role visitor login; ${sql}`);
  onTestFinished(async () => {
    await database.query('drop owned by visitor; drop role visitor');
    await database.close();
  });
  return { url: database.url.replace('postgres@', 'visitor@') };
}

const reading = { queue: 'q', target: 'to' };

test('a simple consumer needs a queue to read, and nothing in its target', async () => {
  const from = await queueDatabase(server);
  const to = await server.database();
  const settings = { ...reading, kind: 'simple_consumer', query: 'select %(id)s' };
  expect(await check(settings, { from, to })).toEqual([]);
  expect(await check({ ...settings, queue: 'none', target: 'away' }, { from, to })).toEqual([
    'CHECK_QUEUE_MISSING queue none of from',
    'CHECK_DATABASE away',
  ]);
});

test('a query that cannot be read is found', async () => {
  const pair = await makePair();
  const settings = { ...reading, kind: 'simple_serial_consumer', query: "select 'a' like 'b%'" };
  expect(await check(settings, pair)).toEqual(['CHECK_JOB_QUERY jobs.job.query']);
  expect(await check({ ...settings, query: 'select %(id)s' }, pair)).toEqual([]);
});

test('who keeps its position with its rows needs pgq_ext', async () => {
  const from = await queueDatabase(server);
  const to = await server.database();
  const settings = { ...reading, kind: 'simple_serial_consumer', query: 'select 1' };
  expect(await check(settings, { from, to })).toEqual(['CHECK_QUEUE_TRACKING to']);
});

test('a queue mover needs its queue in the target, a splitter queues at all', async () => {
  const from = await queueDatabase(server);
  const to = await queueDatabase(server, ['moved']);
  await to.query("select pgq.create_wal_queue('w')");
  const mover = { ...reading, kind: 'queue_mover' };
  expect(await check({ ...mover, target_queue: 'moved' }, { from, to })).toEqual([]);
  expect(await check(mover, { from, to })).toEqual(['CHECK_QUEUE_MISSING queue q of to']);
  expect(await check({ ...mover, target_queue: 'w' }, { from, to })).toEqual([
    'CHECK_QUEUE_KIND queue w of to',
  ]);
  const splitter = { ...reading, kind: 'queue_splitter' };
  expect(await check(splitter, { from, to })).toEqual([]);
  expect(await check(splitter, { from, to: await targetDatabase(server) })).toEqual([
    'CHECK_QUEUE_SCHEMA to',
  ]);
});

test('a table dispatcher needs the table that rows go into, or that tables are made like', async () => {
  const pair = await makePair();
  const settings = { ...reading, kind: 'table_dispatcher', dest_table: 'orders' };
  const missing = ['CHECK_JOB_TABLE orders of to'];
  expect(await check(settings, pair)).toEqual(missing);
  const parted = { ...settings, part_field: 'at' };
  expect(await check(parted, pair)).toEqual([]);
  const like = { part_template: 'create table _DEST_TABLE (like _PARENT)' };
  expect(await check({ ...parted, ...like }, pair)).toEqual(missing);
  expect(await check({ ...settings, ...like }, pair)).toEqual(missing);
  const made = { part_template: 'create table _DEST_TABLE (id int)' };
  expect(await check({ ...parted, ...made }, pair)).toEqual([]);
  await pair.to.query(orders);
  expect(await check(settings, pair)).toEqual([]);
  const to = await asVisitor(pair.to, 'grant pgq_writer to visitor');
  expect(await check(settings, { ...pair, to })).toEqual(['CHECK_JOB_TABLE_RIGHTS orders of to']);
});

test('loaders and a cube dispatcher need the tables that their settings name', async () => {
  const pair = await makePair(orders);
  const named = { ...reading, tables: ['public.orders', 'public.items'] };
  expect(await check({ ...named, kind: 'cube_dispatcher' }, pair)).toEqual([
    'CHECK_JOB_TABLE public.items of to',
  ]);
  const loader = { ...named, kind: 'queue_loader', table_mode: 'direct' };
  expect(await check(loader, pair)).toEqual(['CHECK_JOB_TABLE public.items of to']);
  const ignored = { per_table: { 'public.items': { table_mode: 'ignore' } } };
  expect(await check({ ...loader, ...ignored }, pair)).toEqual([]);
  const bulk = { ...named, kind: 'bulk_loader' };
  expect(await check(bulk, pair)).toEqual(['CHECK_JOB_TABLE_SKIPPED public.items of to']);
  const remap = { remap_tables: { 'public.items': 'public.orders' } };
  expect(await check({ ...bulk, ...remap }, pair)).toEqual([]);
});

test('a data maintainer needs its databases', async () => {
  const pair = await makePair();
  const settings = { kind: 'data_maintainer', get_pk_list: 'select 1', modify: 'select 1' };
  expect(await check(settings, pair)).toEqual([]);
  expect(await check({ ...settings, crash_db: 'away' }, pair)).toEqual(['CHECK_DATABASE away']);
});

test('an archiver needs a table with a key, its like in the target, and a place for receipts', async () => {
  const from = await server.database(`${orders}; create table keyless (id int)`);
  const to = await server.database(orders);
  const settings = { kind: 'archiver', target: 'to', table: 'public.orders', where: 'true' };
  expect(await check(settings, { from, to })).toEqual([]);
  expect(await check({ ...settings, table: 'keyless' }, { from, to })).toEqual([
    'CHECK_JOB_ARCHIVE keyless',
    'CHECK_JOB_TABLE keyless of to',
  ]);
  const visitor = await asVisitor(to, 'grant select, insert, delete on orders to visitor');
  expect(await check(settings, { from, to: visitor })).toEqual(['CHECK_JOB_CREATE to']);
});
