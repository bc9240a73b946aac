import { writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { afterEach, expect, test } from 'vitest';
import {
  anyMajor,
  crashSluice,
  postgres,
  runSluice,
  startSluice,
  temporaryFolder,
  waitFor,
} from '../../kit/index.ts';
import { eventsOf, followed, removeSlots, walDatabases, type Databases } from './wal.ts';

const sourceServer = postgres(anyMajor);
const targetServer = postgres(anyMajor);
let databases: Databases | null = null;

afterEach(async () => {
  if (databases) await removeSlots(databases);
  databases = null;
});

async function prepare(): Promise<Databases> {
  databases = await walDatabases(sourceServer, targetServer);
  return databases;
}

function configFile({ source, target }: Databases): string {
  const file = join(temporaryFolder(), 'sluice.toml');
  writeFileSync(
    file,
    `[databases]\nshop = "${source.url}"\nevents = "${target.url}"\n` +
      `[queue]\ndatabases = ["events"]\n[queue.wal.orders]\nsource = "shop"\ntarget = "events"\n`,
  );
  return file;
}

const insert = ({ source }: Databases, from: number, to: number) =>
  source.query(
    `do $$ begin for n in ${from} .. ${to} loop
       perform pgq.insert_event('orders', 't', n::text); commit;
     end loop; end $$`,
  );

const numbers = (to: number) => Array.from({ length: to }, (_, index) => String(index + 1));

test('killed around its commits, sluice run goes on with each event once', async () => {
  const both = await prepare();
  const run = ['run', '--config', configFile(both)];
  let last = 0;
  const opening = startSluice(run);
  await waitFor('the queue to open', () =>
    both.source.value('select wal_is_open from pgq.queue_option'),
  );
  await opening.kill();
  for (const point of [
    'wal.before-copy',
    'wal.before-commit',
    'wal.after-commit',
    'wal.after-confirm',
  ]) {
    await insert(both, last + 1, last + 50);
    last += 50;
    await crashSluice(run, point);
  }
  const sluice = startSluice(run);
  await waitFor('all events', async () => (await eventsOf(both)).length >= last);
  expect(await eventsOf(both)).toEqual(numbers(last));
  await waitFor('a tick behind them', () =>
    both.target.value(`select max(tick_event_seq) >= ${last} from pgq.tick where tick_queue = 1`),
  );
  await sluice.kill();
});

test('killed while it makes its slot, it begins anew', async () => {
  const both = await prepare();
  const run = ['run', '--config', configFile(both)];
  await crashSluice(run, 'wal.before-slot');
  await crashSluice(run, 'wal.after-slot');
  const sluice = startSluice(run);
  await waitFor('the queue to open', () =>
    both.source.value('select wal_is_open from pgq.queue_option'),
  );
  await insert(both, 1, 3);
  await waitFor('the events', async () => (await eventsOf(both)).length === 3);
  await sluice.kill();
  expect(await both.source.value('select count(*)::int from pg_replication_slots')).toBe(1);
});

test.each([
  ['source', sourceServer],
  ['target', targetServer],
])('a restart of the %s loses and repeats nothing', async (_side, server) => {
  const both = await prepare();
  const queue = followed(both);
  queue.start();
  await queue.ready;
  await insert(both, 1, 100);
  await server.local.kill();
  await server.local.start();
  await waitFor('connections to be back', () =>
    both.source.query('select 1').then(
      () => true,
      () => false,
    ),
  );
  await insert(both, 101, 200);
  await waitFor('all events', async () => (await eventsOf(both).catch(() => [])).length >= 200);
  expect(await eventsOf(both)).toEqual(numbers(200));
  await queue.stop();
});

test('sluice queue create and drop: the slot and the publication go with the queue', async () => {
  const { source, target } = await prepare();
  const db = ['--db', source.url];
  const made = await runSluice(['queue', 'create', 'placed', '--kind', 'wal', ...db]);
  expect(made.stdout).toBe('placed: made\n');
  const queue = followed({ source, target }, { queue: 'placed' });
  queue.start();
  await queue.ready;
  const refused = await runSluice(['queue', 'drop', 'placed', ...db]);
  expect(refused.exitCode).toBe(1);
  expect(refused.stderr).toContain('QUEUE_WAL_RUNNING');
  await queue.stop();
  await waitFor('the slot to be free', () =>
    source.value('select not active from pg_replication_slots'),
  );
  const dropped = await runSluice(['queue', 'drop', 'placed', ...db]);
  expect(dropped.stdout).toMatch(
    /^placed: removed, slot sluice_queue_placed\w+, publication sluice_queue_placed\w+\n$/,
  );
  expect(await source.leaks()).toEqual([]);
});
