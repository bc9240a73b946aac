import { writeFile } from 'node:fs/promises';
import { join } from 'node:path';
import { expect, test } from 'vitest';
import { installScript } from '../../src/queue/index.ts';
import { anyMajor, postgres, temporaryFolder, type TestDatabase } from '../kit/index.ts';
import { runHere } from './fake-io.ts';

const server = postgres(anyMajor);

async function writeConfig(databases: Record<string, string>, sections: string): Promise<string> {
  const file = join(temporaryFolder(), 'sluice.toml');
  const named = Object.entries(databases).map(([name, url]) => `${name} = "${url}"`);
  await writeFile(file, `[databases]\n${named.join('\n')}\n${sections}`);
  return file;
}

const everything = `
  [queue]
  databases = ["shop", "events"]
  [queue.wal.stream]
  source = "shop"
  target = "events"
  [queue.sinks.onward]
  database = "shop"
  queue = "orders"
  sink = "copy"
  [sinks.copy.queue]
  database = "events"
  queue = "orders"
  [sinks.unused.queue]
  database = "events"
  queue = "orders"
  [jobs.mover]
  kind = "queue_mover"
  source = "shop"
  target = "events"
  queue = "orders"
  [replicate.rows]
  source = "shop"
  target = "copy"
  tables = ["public.*"]`;

async function makeShop() {
  const sql = `${installScript()}; create table items (id int primary key); select pgq.create_queue('orders')`;
  const shop = await server.database(sql);
  const events = await server.database(sql);
  await shop.query("select pgq.create_wal_queue('stream')");
  return { shop, events };
}

/** Everything that a check could have made or changed. */
function traces(database: TestDatabase): Promise<unknown[]> {
  return database.rows(
    `select 'class' as what, c.oid::text, c.xmin::text, c.relname::text as name from pg_class c
      union all select 'proc', oid::text, xmin::text, proname from pg_proc
      union all select 'namespace', oid::text, xmin::text, nspname from pg_namespace
      union all select 'publication', oid::text, xmin::text, pubname from pg_publication
      union all select 'slot', slot_name, xmin::text, confirmed_flush_lsn::text from pg_replication_slots
      union all select 'queue', queue_id::text, xmin::text, queue_name from pgq.queue
      union all select 'option', queue_id::text, xmin::text, wal_slot from pgq.queue_option
      union all select 'consumer', co_id::text, xmin::text, co_name from pgq.consumer
      union all select 'event', ev_id::text, xmin::text, ev_type from pgq.event_template
      union all select 'tick', tick_id::text, tick_queue::text, '' from pgq.tick
      order by 1, 2, 4`,
  );
}

test('looks at everything in the file, each sink once, and changes nothing', async () => {
  const { shop, events } = await makeShop();
  const config = await writeConfig({ shop: shop.url, events: events.url }, everything);
  const before = [await traces(shop), await traces(events)];
  const { exitCode, stdout } = await runHere(['check', '--config', config]);
  expect(stdout.split('\n')).toEqual([
    'queue.shop: nothing found',
    'queue.events: nothing found',
    'queue.wal.stream: nothing found',
    'queue.sinks.onward: nothing found',
    'jobs.mover: nothing found',
    'rows: nothing found',
    'sinks.copy: nothing found',
    'sinks.unused: nothing found',
    '',
  ]);
  expect(exitCode).toBe(0);
  expect([await traces(shop), await traces(events)]).toEqual(before);
});

test('tells of everything at once when nothing can be reached', async () => {
  const away = 'postgres://app@127.0.0.1:1/away';
  const config = await writeConfig({ shop: away, events: away }, everything);
  const { exitCode, stdout } = await runHere(['check', '--json', '--config', config]);
  expect(exitCode).toBe(1);
  const all: { name: string; findings: { code: string }[]; error?: unknown }[] = JSON.parse(stdout);
  expect(
    all.map(({ name, findings, error }) => [
      name,
      error === undefined ? findings.map(({ code }) => code).join(' ') : 'error',
    ]),
  ).toEqual([
    ['queue.shop', 'CHECK_DATABASE'],
    ['queue.events', 'CHECK_DATABASE'],
    ['queue.wal.stream', 'CHECK_DATABASE CHECK_DATABASE'],
    ['queue.sinks.onward', 'CHECK_DATABASE'],
    ['jobs.mover', 'CHECK_DATABASE CHECK_DATABASE'],
    ['rows', 'error'],
    ['sinks.copy', 'error'],
    ['sinks.unused', 'error'],
  ]);
});

test('looks at what is named, with the sinks that it writes to', async () => {
  const { shop, events } = await makeShop();
  const config = await writeConfig({ shop: shop.url, events: events.url }, everything);
  const named = async (name: string): Promise<string[]> => {
    const { stdout } = await runHere(['check', name, '--json', '--config', config]);
    const all: { name: string }[] = JSON.parse(stdout);
    return all.map((checked) => checked.name);
  };
  expect(await named('jobs.mover')).toEqual(['jobs.mover']);
  expect(await named('queue.sinks')).toEqual(['queue.sinks.onward', 'sinks.copy']);
  expect(await named('rows')).toEqual(['rows', 'sinks.copy']);
  expect(await named('sinks.unused')).toEqual(['sinks.unused']);
  expect(await named('queue')).toEqual([
    'queue.shop',
    'queue.events',
    'queue.wal.stream',
    'queue.sinks.onward',
    'sinks.copy',
  ]);
  const unknown = await runHere(['check', 'jobs.movre', '--config', config]);
  expect(unknown).toMatchObject({ exitCode: 2 });
  expect(unknown.stderr).toContain('did you mean jobs.mover?');
});

test('says what a sink lacks that only a queue writes to', async () => {
  const { shop, events } = await makeShop();
  await events.query("select pgq.drop_queue('orders')");
  const config = await writeConfig({ shop: shop.url, events: events.url }, everything);
  const { exitCode, stdout } = await runHere(['check', 'queue.sinks.onward', '--config', config]);
  expect(exitCode).toBe(1);
  expect(stdout).toMatch(/^queue\.sinks\.onward: nothing found\nsinks\.copy: 1 block, 0 warn\n/);
  expect(stdout).toContain('SINK_QUEUE_MISSING');
});

test('a file that asks for nothing has nothing to check', async () => {
  const config = await writeConfig({ shop: 'postgres://app@127.0.0.1:1/shop' }, '');
  const { exitCode, stderr } = await runHere(['check', '--config', config]);
  expect(exitCode).toBe(2);
  expect(stderr).toContain('COMMAND_NOTHING_CONFIGURED');
});
