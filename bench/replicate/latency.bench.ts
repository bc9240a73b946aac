import { setTimeout as delay } from 'node:timers/promises';
import { Client } from 'pg';
import { createNative, dropNative, waitForNative } from '../../test/kit/native.ts';
import { runSql } from '../../test/kit/sql.ts';
import type { LocalServer } from '../../src/demo/index.ts';
import { quantile, type Bench, type Measured } from '../kit/bench.ts';
import { startOurs } from '../kit/ours.ts';
import { initPgbench, initPgbenchTables, startSteadyUpdates } from '../kit/pgbench.ts';
import { startPair, versionOf, type ServerPair } from '../kit/servers.ts';
import { waitUntilVisible } from '../kit/visible.ts';

const tps = 1000;
const seconds = 15;
/** The first seconds are for plans, caches and the compiler. */
const warmUpSeconds = 3;
const probeEveryMs = 10;

const nativePeer = 'CREATE SUBSCRIPTION (binary)';

const bench: Bench = {
  name: 'latency',
  about:
    `From commit on the source (acknowledged to its client) until the row is visible on the target, while ` +
    `pgbench -N commits ${tps.toLocaleString('en-US')} transactions a second: one probe row every ` +
    `${probeEveryMs} ms for ${seconds} s after a warm-up, the target asked about every millisecond. ` +
    'Both servers durable.',
  runs: 5,
  comparisons: [
    { metric: 'p50', unit: 'ms', better: 'lower', peer: nativePeer },
    { metric: 'p99', unit: 'ms', better: 'lower', peer: nativePeer },
  ],
  async setUp() {
    const pair = await startPair(17);
    try {
      const shop = await pair.source.createDatabase('shop');
      await initPgbench(shop, 10);
      await runSql(shop, probeTable);
      return {
        ours: { name: 'sluice', measure: (run) => measureOurs(pair, run) },
        peers: [{ name: nativePeer, measure: () => measureNative(pair) }],
        versions: { postgres: await versionOf(pair.source) },
        [Symbol.asyncDispose]: () => pair[Symbol.asyncDispose](),
      };
    } catch (error) {
      await pair[Symbol.asyncDispose]();
      throw error;
    }
  },
};
export default bench;

const probeTable = 'CREATE TABLE probe (id int PRIMARY KEY)';

async function measureOurs({ source, target }: ServerPair, run: number): Promise<Measured> {
  const shop = source.url('shop');
  return intoEmpty(target, shop, async (url) => {
    const name = `latency_${run}`;
    const sluice = startOurs({ source: shop, target: url, name });
    // It only ends by itself when it fails: then say so instead of waiting for rows.
    const measured = await Promise.race([
      measureProbes(shop, url),
      sluice.ended().then(() => Promise.reject(new Error('sluice ended while it should follow'))),
    ]);
    await sluice.stop();
    return measured;
  });
}

async function measureNative({ source, target }: ServerPair): Promise<Measured> {
  const shop = source.url('shop');
  return intoEmpty(target, shop, async (url) => {
    const native = { source: shop, target: url, name: 'native', isBinary: true };
    await createNative(native);
    await waitForNative(native);
    const measured = await measureProbes(shop, url);
    await dropNative(native);
    return measured;
  });
}

async function intoEmpty(
  target: LocalServer,
  shop: string,
  work: (url: string) => Promise<Measured>,
): Promise<Measured> {
  await runSql(shop, 'TRUNCATE probe');
  const url = await target.createDatabase('run');
  await initPgbenchTables(url);
  await runSql(url, probeTable);
  const measured = await work(url);
  await runSql(target.url(), 'DROP DATABASE run WITH (FORCE)');
  return measured;
}

/** Rows 1.. are probes; row 0 tells that the following has begun. */
async function measureProbes(shop: string, url: string): Promise<Measured> {
  await runSql(shop, 'INSERT INTO probe VALUES (0)');
  await waitUntilVisible(url, 'SELECT FROM probe', performance.now());
  await using load = await startSteadyUpdates(shop, tps, warmUpSeconds + seconds + 10);
  await delay(warmUpSeconds * 1000);
  const committedAt = new Map<number, number>();
  const finished = new AbortController();
  const seen = watchProbes(url, finished.signal);
  await writeProbes(shop, committedAt);
  await waitUntilVisible(url, `SELECT FROM probe WHERE id = ${committedAt.size}`, 0);
  finished.abort();
  if (!load.isRunning) throw new Error('pgbench ended too early');
  const seenAt = await seen;
  const latencies = [...committedAt].map(([id, at]) => Math.max(0, (seenAt.get(id) ?? NaN) - at));
  return { p50: quantile(latencies, 0.5), p99: quantile(latencies, 0.99) };
}

async function writeProbes(shop: string, committedAt: Map<number, number>): Promise<void> {
  const client = await connect(shop);
  const startedAt = performance.now();
  for (let id = 1; performance.now() - startedAt < seconds * 1000; id++) {
    await client.query({ name: 'probe', text: 'INSERT INTO probe VALUES ($1)', values: [id] });
    committedAt.set(id, performance.now());
    // On a fixed beat: a slow commit does not thin out the probes that would have shown it.
    await delay(Math.max(0, startedAt + id * probeEveryMs - performance.now()));
  }
  await client.end();
}

/** When each probe was first seen; ids become visible in order. */
async function watchProbes(url: string, signal: AbortSignal): Promise<Map<number, number>> {
  const client = await connect(url);
  const seenAt = new Map<number, number>();
  let last = 0;
  const look = { name: 'look', text: 'SELECT max(id) AS id FROM probe' };
  for (let isLast = false; !isLast;) {
    isLast = signal.aborted;
    const { rows } = await client.query<{ id: number | null }>(look);
    const now = performance.now();
    const newest = rows[0]?.id ?? 0;
    while (last < newest) seenAt.set(++last, now);
    await delay(1);
  }
  await client.end();
  return seenAt;
}

async function connect(url: string): Promise<Client> {
  const client = new Client({ connectionString: url, application_name: 'bench' });
  await client.connect();
  return client;
}
