import { execFile } from 'node:child_process';
import { existsSync } from 'node:fs';
import { join } from 'node:path';
import { promisify } from 'node:util';
import { describe, expect, test } from 'vitest';
import { installQueue } from '../../../src/queue/index.ts';
import {
  majors,
  postgres,
  runSluice,
  temporaryFolder,
  type TestDatabase,
} from '../../kit/index.ts';
import { schemas } from '../consumer/pgq.ts';
import { compact, currentTable, drain, rotate, tick } from '../schema/queues.ts';

const programs = '/usr/lib/postgresql/15/bin';
const run = promisify(execFile);

/** The servers that npm brings have no pg_dump. */
const canDump = existsSync(join(programs, 'pg_dump')) && majors.includes(15);

const retried = 'a2';
const ofOpenBatch = ['a1', retried, 'b1'];

/** A queue in the middle of its work: `behind` has a batch open, `ahead` has read up to it and beyond. */
async function startWork(database: TestDatabase): Promise<string> {
  await database.query("SELECT pgq.create_queue('q')");
  await database.query("SELECT pgq.set_queue_config('q', 'rotation_period', '0 seconds')");
  for (const name of ['ahead', 'behind']) {
    await database.query("SELECT pgq.register_consumer('q', $1)", [name]);
  }
  await insert(database, 'old');
  await tick(database);
  await drain(database, 'behind');
  await insert(database, 'a1', retried);
  await rotate(database);
  const late = await database.client();
  await late.query("BEGIN; SELECT pgq.insert_event('q', 't', 'late')");
  await insert(database, 'b1');
  await tick(database);
  await late.query('COMMIT');
  await tick(database);
  const batch = await database.value<string>("SELECT pgq.next_batch('q', 'behind')");
  await database.query(
    'SELECT pgq.event_retry($1, ev_id, 3600) FROM pgq.get_batch_events($1) WHERE ev_data = $2',
    [batch, retried],
  );
  await drain(database, 'ahead');
  await insert(database, 'c1');
  await tick(database);
  await insert(database, 'unticked');
  return batch;
}

async function insert(database: TestDatabase, ...data: string[]): Promise<void> {
  for (const one of data) await database.query("SELECT pgq.insert_event('q', 't', $1)", [one]);
}

/** Everything comes once, in both consumers, and the queue's upkeep works. */
async function expectToGoOn(database: TestDatabase, batch: string, inserted: readonly string[]) {
  await tick(database);
  expect(await database.value("SELECT pgq.next_batch('q', 'behind')")).toBe(batch);
  const later = ['late', 'c1', 'unticked', ...inserted];
  expect(await drain(database, 'behind')).toEqual([...ofOpenBatch, ...later]);
  expect(await drain(database, 'ahead')).toEqual(later.slice(1));
  await database.query('UPDATE pgq.retry_queue SET ev_retry_after = now()');
  expect(await database.value('SELECT pgq.maint_retry_events()')).toBe(1);
  await tick(database);
  expect(await drain(database, 'behind')).toEqual([retried]);
  await drain(database, 'ahead');
  const before = await currentTable(database);
  await rotate(database);
  expect(await currentTable(database)).not.toBe(before);
  for (const log of ['tick_log', 'position_log']) expect(await compact(database, log)).toBe(true);
  await insert(database, 'rotated');
  await tick(database);
  for (const name of ['ahead', 'behind']) expect(await drain(database, name)).toEqual(['rotated']);
}

async function restore(database: TestDatabase, url: string): Promise<void> {
  const file = join(temporaryFolder(), 'dump');
  await run(join(programs, 'pg_dump'), ['-Fc', '-f', file, database.url]);
  const options = ['--no-owner', '--no-acl', '--exit-on-error'];
  await run(join(programs, 'pg_restore'), [...options, '-d', url, file]);
}

async function install(url: string): Promise<void> {
  expect(await runSluice(['queue', 'install', '--db', url])).toMatchObject({ exitCode: 0 });
}

describe.skipIf(!canDump)('a database that pg_restore has brought', { timeout: 120_000 }, () => {
  const from = postgres(15);
  const to = postgres(15);
  let owners = 0;

  /** Transactions of `from` are older than any of `to`. */
  async function source(schema: 'original' | 'ours'): Promise<TestDatabase> {
    await from.query(
      'DO $$ BEGIN FOR i IN 1 .. 5000 LOOP PERFORM txid_current(); COMMIT; END LOOP; END $$',
    );
    const database = await from.database();
    if (schema === 'original') await database.query('CREATE EXTENSION pgq');
    else await installQueue(await database.client());
    return database;
  }

  /** A database of the other server, whose owner is no superuser. */
  async function owned(): Promise<{ other: TestDatabase; url: string }> {
    const owner = `owner_${++owners}`;
    await to.query(`CREATE ROLE ${owner} LOGIN`);
    const other = await to.database();
    await other.query(`ALTER DATABASE ${other.name} OWNER TO ${owner}`);
    const url = new URL(other.url);
    url.username = owner;
    return { other, url: url.href };
  }

  test('goes on after an install, whoever owns it, and whatever was inserted before that', async () => {
    const database = await source('ours');
    const batch = await startWork(database);
    await database.query(`SELECT pgq.insert_event_at('q', now() + interval '1 hour', 't', 'delayed');
      SELECT pgq.schedule_event('nightly', 'q', '0 3 * * *', 't')`);
    const { other, url } = await owned();
    await restore(database, url);
    await insert(other, 'early');
    await expect(tick(other)).rejects.toMatchObject({
      message: expect.stringContaining('Invalid PgQ state'),
      hint: expect.stringContaining('sluice queue install'),
    });
    await install(url);
    await insert(other, 'new');
    await expectToGoOn(other, batch, ['early', 'new']);
    expect(await other.value('SELECT ev_data FROM pgq.delayed_event')).toBe('delayed');
    expect(await other.value('SELECT sch_name FROM pgq.scheduled_event')).toBe('nightly');
  });

  test('has more ticks than the server has had transactions, and loses no event', async () => {
    const database = await source('ours');
    await database.query("SELECT pgq.create_queue('q')");
    await database.query("SELECT pgq.register_consumer('q', 'behind')");
    await database.query(`DO $$ BEGIN FOR i IN 1 .. 3000 LOOP
      PERFORM pgq.insert_event('q', 't', i::text); COMMIT;
      PERFORM pgq.force_tick('q'); PERFORM pgq.ticker('q'); COMMIT; END LOOP; END $$`);
    const { other, url } = await owned();
    await restore(database, url);
    await install(url);
    await insert(other, '3001');
    await tick(other);
    expect(await drain(other, 'behind')).toEqual(
      Array.from({ length: 3001 }, (_, nr) => String(nr + 1)),
    );
  });

  test('goes on by itself in a server whose transactions are older', async () => {
    const database = await source('ours');
    const batch = await startWork(database);
    const other = await from.database();
    await restore(database, other.url);
    await insert(other, 'new');
    await expectToGoOn(other, batch, ['new']);
  });

  test.skipIf(!schemas.some(([schema]) => schema === 'original'))(
    'is taken over from the original',
    async () => {
      const database = await source('original');
      const batch = await startWork(database);
      const other = await to.database();
      await restore(database, other.url);
      await install(other.url);
      await insert(other, 'new');
      await expectToGoOn(other, batch, ['new']);
    },
  );
});
