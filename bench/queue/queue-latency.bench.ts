import { setTimeout as delay } from 'node:timers/promises';
import { Logger, run as runGraphile } from 'graphile-worker';
import { Client } from 'pg';
import { startLocalServer, type LocalServer } from '../../src/demo/index.ts';
import { consumer, installScript, QueueKeeper, runConsumer } from '../../src/queue/index.ts';
import { Metrics, silentLog } from '../../src/service/index.ts';
import { runSql } from '../../test/kit/sql.ts';
import { quantile, type Bench, type Measured } from '../kit/bench.ts';
import { versionOf } from '../kit/servers.ts';

const perSecond = 1000;
const seconds = 10;
/** The first second is for plans, caches and the compiler. */
const warmUpSeconds = 2;
const producers = 4;
const peer = 'graphile-worker';
const concurrent = 'graphile-worker, 24 at a time';
const silent = new Logger(() => () => undefined);

const bench: Bench = {
  name: 'queue-latency',
  about:
    `From the acknowledged commit of an event to its handler (goal: p50 5 ms, p99 20 ms), ${perSecond.toLocaleString('en-US')} events a second, a ` +
    `transaction each, from ${producers} connections for ${seconds} s after a warm-up. Producers, ticker and consumer share ` +
    'one process, and the machine with the server. The peer as it comes, one job at a time, and with 24; it wakes by a ' +
    'NOTIFY for every job.',
  runs: 3,
  comparisons: [concurrent, peer].flatMap((name) => [
    { metric: 'p50', unit: 'ms', better: 'lower', peer: name } as const,
    { metric: 'p99', unit: 'ms', better: 'lower', peer: name } as const,
  ]),
  async setUp() {
    const server = await startLocalServer({ major: 17, settings: { shared_buffers: '512MB' } });
    try {
      return {
        ours: { name: 'sluice', measure: (run) => measureOurs(server, run) },
        peers: [
          { name: peer, measure: (run) => measureGraphile(server, `one_${run}`, 1) },
          { name: concurrent, measure: (run) => measureGraphile(server, `many_${run}`, 24) },
        ],
        versions: { postgres: await versionOf(server) },
        [Symbol.asyncDispose]: () => server.remove(),
      };
    } catch (error) {
      await server.remove();
      throw error;
    }
  },
};
export default bench;

async function measureOurs(server: LocalServer, run: number): Promise<Measured> {
  const url = await server.createDatabase(`ours_${run}`);
  await runSql(url, installScript());
  await runSql(url, `SELECT pgq.create_queue('orders')`);
  const watch = new Stopwatch();
  const keeper = new QueueKeeper(
    { database: 'ours', connection: url },
    { log: silentLog, metrics: new Metrics() },
  );
  keeper.start();
  await keeper.ready;
  const stopping = new AbortController();
  const running = runConsumer(
    consumer({
      queue: 'orders',
      name: 'bench',
      onBatch: (events) => {
        for (const event of events) watch.arrived(event.data ?? '');
      },
    }),
    { db: url, signal: stopping.signal },
  );
  await registered(url);
  await produce(url, `SELECT pgq.insert_event('orders', 'placed', $1)`, watch);
  stopping.abort();
  await running;
  await keeper.stop();
  return watch.measured();
}

async function registered(url: string): Promise<void> {
  for (;;) {
    const rows = await runSql(url, 'SELECT FROM pgq.get_consumer_info()');
    if (rows.length > 0) return;
    await delay(20);
  }
}

async function measureGraphile(
  server: LocalServer,
  database: string,
  concurrency: number,
): Promise<Measured> {
  const url = await server.createDatabase(database);
  const watch = new Stopwatch();
  const runner = await runGraphile({
    connectionString: url,
    noHandleSignals: true,
    concurrency,
    maxPoolSize: concurrency + 2,
    logger: silent,
    taskList: { placed: (data) => watch.arrived(String(data)) },
  });
  await produce(url, `SELECT graphile_worker.add_job('placed', to_json($1::text))`, watch);
  await runner.stop();
  return watch.measured();
}

/** An event a transaction, at a steady rate whatever the answers do, each named by its number. */
async function produce(url: string, sql: string, watch: Stopwatch): Promise<void> {
  const clients = Array.from({ length: producers }, () => new Client({ connectionString: url }));
  await Promise.all(clients.map((client) => client.connect()));
  const startedAt = performance.now();
  const total = perSecond * (warmUpSeconds + seconds);
  const sending: Promise<void>[] = [];
  for (let sent = 0; sent < total;) {
    const due = Math.min(total, Math.floor(((performance.now() - startedAt) * perSecond) / 1000));
    for (; sent < due; sent++) {
      const name = String(sent);
      const isCounted = sent >= perSecond * warmUpSeconds;
      const client = clients[sent % producers]!;
      const query = { name: 'send', text: sql, values: [name] };
      sending.push(client.query(query).then(() => watch.committed(name, isCounted)));
    }
    await delay(1);
  }
  await Promise.all(sending);
  await watch.allArrived();
  await Promise.all(clients.map((client) => client.end()));
}

/** From commit to handler; a handler may run before its producer has heard of the commit: 0. */
class Stopwatch {
  readonly #committedAt = new Map<string, number | null>();
  readonly #arrivedAt = new Map<string, number>();
  readonly #latencies: number[] = [];

  committed(name: string, isCounted: boolean): void {
    const arrivedAt = this.#arrivedAt.get(name);
    this.#arrivedAt.delete(name);
    if (arrivedAt === undefined) {
      this.#committedAt.set(name, isCounted ? performance.now() : null);
    } else if (isCounted) this.#latencies.push(0);
  }

  arrived(name: string): void {
    const committedAt = this.#committedAt.get(name);
    if (committedAt === undefined) this.#arrivedAt.set(name, performance.now());
    else if (committedAt !== null) this.#latencies.push(performance.now() - committedAt);
    this.#committedAt.delete(name);
  }

  async allArrived(): Promise<void> {
    while (this.#committedAt.size > 0) await delay(5);
  }

  measured(): Measured {
    return { p50: quantile(this.#latencies, 0.5), p99: quantile(this.#latencies, 0.99) };
  }
}
