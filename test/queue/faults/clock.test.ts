import { existsSync } from 'node:fs';
import { chmod, writeFile } from 'node:fs/promises';
import { join } from 'node:path';
import { describe, expect, onTestFinished, test } from 'vitest';
import { consumer, installScript, QueueKeeper, runConsumer } from '../../../src/queue/index.ts';
import { createLog, Metrics } from '../../../src/service/index.ts';
import { temporaryFolder, TestServer, waitFor, type TestDatabase } from '../../kit/index.ts';
import { anyMajor } from '../consumer/pgq.ts';

const library = ['/usr/lib/x86_64-linux-gnu', '/usr/lib/aarch64-linux-gnu']
  .map((folder) => join(folder, 'faketime/libfaketimeMT.so.1'))
  .find((path) => existsSync(path));

/** A server whose clock can be set while it runs. */
async function startServer(): Promise<{ server: TestServer; jump: (by: string) => Promise<void> }> {
  const folder = temporaryFolder();
  await chmod(folder, 0o755);
  const clock = join(folder, 'clock');
  const jump = (by: string): Promise<void> => writeFile(clock, `${by}\n`);
  await jump('+0');
  const env = {
    LD_PRELOAD: library ?? '',
    FAKETIME_TIMESTAMP_FILE: clock,
    FAKETIME_NO_CACHE: '1',
    FAKETIME_DISABLE_SHM: '1',
    FAKETIME_DONT_FAKE_MONOTONIC: '1',
  };
  const server = new TestServer(anyMajor, {}, { env });
  await server.start();
  return { server, jump };
}

const hour = 3600;

interface Jumping {
  readonly db: TestDatabase;
  readonly jumpTo: (seconds: number) => Promise<void>;
}

async function jumpingDatabase(): Promise<Jumping> {
  const { server, jump } = await startServer();
  onTestFinished(() => server.remove());
  const db = await server.database(`${installScript()}; CREATE TABLE done (nr serial, id int);
    SELECT pgq.create_queue('q'); SELECT pgq.set_queue_config('q', 'rotation_period', '1 second');
    SELECT pgq.set_queue_config('q', 'ticker_max_lag', '1 second')`);
  return { db, jumpTo: (seconds) => jump(seconds < 0 ? String(seconds) : `+${seconds}`) };
}

const insert = (db: TestDatabase, from: number, to: number) =>
  db.query(`SELECT pgq.insert_event('q', 't', g::text) FROM generate_series(${from}, ${to}) g`);

const done = async (db: TestDatabase): Promise<number[]> =>
  (await db.rows<{ id: number }>('SELECT id FROM done ORDER BY id')).map(({ id }) => id);

const numbers = (to: number) => Array.from({ length: to }, (_, nr) => nr + 1);

describe.skipIf(library === undefined)(
  'the clock of the server jumps (needs libfaketime)',
  { timeout: 120_000 },
  () => {
    test('an hour forward and back: every event once, retries in time, tables rotate', async () => {
      const { db, jumpTo } = await jumpingDatabase();
      const keeper = new QueueKeeper(
        { database: 'q', connection: db.url, maintenancePeriodMs: 100, retryPeriodMs: 100 },
        { log: createLog({ level: 'error' }), metrics: new Metrics() },
      );
      const stopping = new AbortController();
      keeper.start();
      const failOnce = new Set<string>();
      await db.query("SELECT pgq.register_consumer('q', 'c')");
      const running = runConsumer(
        consumer({
          queue: 'q',
          name: 'c',
          retry: { backoff: { firstMs: 300 } },
          async onEvent({ data }, tx) {
            if (Number(data) % 10 === 0 && !failOnce.has(String(data))) {
              failOnce.add(String(data));
              throw new Error('once');
            }
            await tx.query('INSERT INTO done (id) VALUES ($1)', [data]);
          },
        }),
        { db: db.url, signal: stopping.signal },
      );
      let last = 0;
      try {
        for (const seconds of [0, hour, 0, -hour, 0, 1000 * hour, 0]) {
          await jumpTo(seconds);
          await insert(db, last + 1, (last += 20));
          await waitFor(`all at ${seconds}`, async () => (await done(db)).length === last);
          const table = await db.value('SELECT queue_cur_table FROM pgq.queue');
          await waitFor(`a rotation at ${seconds}`, async () => {
            return (await db.value('SELECT queue_cur_table FROM pgq.queue')) !== table;
          });
        }
      } finally {
        stopping.abort();
        await running;
        await keeper.stop();
      }
      expect(await done(db)).toEqual(numbers(last));
    });

    test('back: who goes by the age of ticks does not wait until the clock is there again', async () => {
      const { db, jumpTo } = await jumpingDatabase();
      const ticked = () => db.value('SELECT pgq.ticker()').then(Number);
      const next = (limits: string) => async () =>
        (await db.value(`SELECT batch_id FROM pgq.next_batch_custom('q', 'c', ${limits})`)) !==
        null;
      await jumpTo(hour);
      await insert(db, 1, 1);
      await waitFor('a tick ahead', async () => (await ticked()) === 1);
      await db.query("SELECT pgq.register_consumer('q', 'c')");
      await jumpTo(0);
      await insert(db, 2, 2);
      await waitFor('a tick', async () => (await ticked()) === 1);
      await waitFor('a batch of some time', next("NULL, 100, '1 second'"));
      await db.query('SELECT pgq.finish_batch(sub_batch) FROM pgq.subscription');
      await jumpTo(hour);
      await insert(db, 3, 3);
      await waitFor('a tick ahead', async () => (await ticked()) === 1);
      await jumpTo(0);
      await waitFor('a batch of some age', next("'1 second', NULL, NULL"));
    });

    test('back: what was set aside ahead of time comes when the clock is there again', async () => {
      const { db, jumpTo } = await jumpingDatabase();
      await jumpTo(hour);
      await db.query(
        "SELECT pgq.insert_event_at('q', now() + interval '10 seconds', 't', 'delayed')",
      );
      await jumpTo(0);
      expect(await db.value('SELECT pgq.maint_delayed_events()')).toBe(0);
      await jumpTo(hour + 20);
      expect(await db.value('SELECT pgq.maint_delayed_events()')).toBe(1);
    });
  },
);
