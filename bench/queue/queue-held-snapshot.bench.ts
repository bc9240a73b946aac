import { setTimeout as delay } from 'node:timers/promises';
import { run as runGraphile } from 'graphile-worker';
import { Client } from 'pg';
import { PgBoss } from 'pg-boss';
import { startLocalServer, type LocalServer } from '../../src/demo/index.ts';
import { consumer, installScript, QueueKeeper, runConsumer } from '../../src/queue/index.ts';
import { Metrics, silentLog } from '../../src/service/index.ts';
import { runSql } from '../../test/kit/sql.ts';
import type { Bench, Measured } from '../kit/bench.ts';
import { versionOf } from '../kit/servers.ts';

/** `HELD_SECONDS=600` for the long one. */
const heldSeconds = Number(process.env['HELD_SECONDS'] ?? 60);
/** Before the snapshot is taken, and the last part of its time. */
const measuredSeconds = Math.min(20, heldSeconds / 3);
const warmUpSeconds = 5;
const perSend = 1000;
/** Inserted and not handled yet. */
const outstanding = 20 * perSend;
const graphile = 'graphile-worker, localQueue 500';
const boss = 'pg-boss, batchSize 1000';

const bench: Bench = {
  name: 'queue-held-snapshot',
  about:
    `What is left of the throughput, in percent, after somebody has held a snapshot for ${heldSeconds} s, and the rows that ` +
    `are dead by then. One connection inserts ${perSend.toLocaleString('en-US')} events at a time, while no more than ` +
    `${outstanding.toLocaleString('en-US')} are not handled. The queue is rotated every 5 s. The peers with the batching ` +
    'that they have, a database each on the same server.',
  runs: 1,
  comparisons: [graphile, boss].flatMap((peer) => [
    { metric: 'kept', unit: '%', better: 'higher', peer } as const,
    { metric: 'deadRows', unit: 'rows', better: 'lower', peer } as const,
    { metric: 'rate', unit: 'events/s', better: 'higher', peer } as const,
  ]),
  async setUp() {
    const server = await startLocalServer({
      major: 17,
      settings: { shared_buffers: '1GB', max_wal_size: '8GB', checkpoint_timeout: '30min' },
    });
    const side = (name: string, open: (url: string) => Promise<Queue>) => ({
      name,
      measure: async (run: number) => {
        const database = `${name.replaceAll(/\W+/g, '_')}_${run}`;
        return measure(server, database, open);
      },
    });
    return {
      ours: side('sluice', openOurs),
      peers: [side(graphile, openGraphile), side(boss, openBoss)],
      versions: { postgres: await versionOf(server) },
      [Symbol.asyncDispose]: () => server.remove(),
    };
  },
};
export default bench;

interface Queue extends AsyncDisposable {
  /** Inserts `perSend` events. */
  send(producer: Client): Promise<unknown>;
  sent: number;
  /** How many were handled since it was opened. */
  handled(): number;
}

async function measure(
  server: LocalServer,
  database: string,
  open: (url: string) => Promise<Queue>,
): Promise<Measured> {
  const url = await server.createDatabase(database);
  await using queue = await open(url);
  await using producer = await connect(url);
  await using holder = await connect(url);
  await work(queue, producer.client, warmUpSeconds);
  const before = await work(queue, producer.client, measuredSeconds);
  await holder.client.query('BEGIN ISOLATION LEVEL REPEATABLE READ');
  await holder.client.query('SELECT count(*) FROM pg_catalog.pg_class');
  await work(queue, producer.client, heldSeconds - measuredSeconds);
  const rate = await work(queue, producer.client, measuredSeconds);
  const deadRows = await countDead(url);
  return { kept: (100 * rate) / before, rate, deadRows };
}

/** @returns events a second that were inserted and handled */
async function work(queue: Queue, producer: Client, seconds: number): Promise<number> {
  const startedAt = performance.now();
  const elapsed = (): number => (performance.now() - startedAt) / 1000;
  const before = queue.handled();
  while (elapsed() < seconds) {
    if (queue.sent - queue.handled() < outstanding) {
      await queue.send(producer);
      queue.sent += perSend;
    } else await delay(1);
  }
  return (queue.handled() - before) / elapsed();
}

async function countDead(url: string): Promise<number> {
  await delay(2000); // until sessions have told the statistics what they did
  const [row] = await runSql(
    url,
    'SELECT sum(n_dead_tup)::float8 AS dead FROM pg_catalog.pg_stat_user_tables',
  );
  return Number(row!['dead']);
}

async function openOurs(url: string): Promise<Queue> {
  await runSql(url, installScript());
  await runSql(url, `SELECT pgq.create_queue('orders')`);
  await runSql(url, `SELECT pgq.set_queue_config('orders', 'rotation_period', '5 seconds')`);
  let handled = 0;
  const keeper = new QueueKeeper(
    { database: 'ours', connection: url, maintenancePeriodMs: 5000 },
    { log: silentLog, metrics: new Metrics() },
  );
  keeper.start();
  await keeper.ready;
  const stopping = new AbortController();
  const definition = consumer({
    queue: 'orders',
    name: 'bench',
    onBatch: (events) => {
      handled += events.length;
    },
  });
  await runSql(url, `SELECT pgq.register_consumer('orders', 'bench')`);
  const running = runConsumer(definition, { db: url, signal: stopping.signal });
  return {
    send: (producer) =>
      producer.query(
        `SELECT count(pgq.insert_event('orders', 'placed', '{"order":' || n || '}')) FROM generate_series(1, ${perSend}) n`,
      ),
    sent: 0,
    handled: () => handled,
    async [Symbol.asyncDispose]() {
      stopping.abort();
      await running;
      await keeper.stop();
    },
  };
}

async function openGraphile(url: string): Promise<Queue> {
  let handled = 0;
  const runner = await runGraphile({
    connectionString: url,
    noHandleSignals: true,
    taskList: { placed: () => void (handled += 1) },
    preset: {
      worker: {
        concurrentJobs: 24,
        maxPoolSize: 26,
        localQueue: { size: 500 },
        completeJobBatchDelay: 0,
        failJobBatchDelay: 0,
      },
    },
  });
  return {
    send: (producer) =>
      producer.query(
        `SELECT count(graphile_worker.add_job('placed', json_build_object('order', n))) FROM generate_series(1, ${perSend}) n`,
      ),
    sent: 0,
    handled: () => handled,
    [Symbol.asyncDispose]: async () => runner.stop(),
  };
}

async function openBoss(url: string): Promise<Queue> {
  let handled = 0;
  const client = new PgBoss(url);
  client.on('error', () => undefined);
  await client.start();
  await client.createQueue('placed');
  const jobs = Array.from({ length: perSend }, (_, order) => ({ data: { order } }));
  const options = { batchSize: 1000, burstWhenBatchFull: true, pollingIntervalSeconds: 0.5 };
  await client.work('placed', options, (jobs) => Promise.resolve(void (handled += jobs.length)));
  return {
    send: () => client.insert('placed', jobs),
    sent: 0,
    handled: () => handled,
    [Symbol.asyncDispose]: () => client.stop(),
  };
}

async function connect(url: string): Promise<AsyncDisposable & { client: Client }> {
  const client = new Client({ connectionString: url });
  await client.connect();
  return { client, [Symbol.asyncDispose]: () => client.end() };
}
