import { startLocalServer } from '../../src/demo/index.ts';
import type { Bench, Measured, Prepared } from '../kit/bench.ts';
import { initPgbench } from '../kit/pgbench.ts';
import {
  startProgrammedPool,
  startSluicePool,
  type PoolerSettings,
  type RunningPooler,
} from '../kit/poolers.ts';
import { versionOf } from '../kit/servers.ts';
import { entryOf, measureTps, type Throughput } from './throughput.ts';

const clients = 20;
const off = 'without';
/** Longer than the bench: they are watched, and end nothing. */
const hour = 3600;

type Settings = PoolerSettings['settings'];

/** One thing the pool does beside forwarding, and the same pool without it. */
interface Feature {
  readonly metric: string;
  readonly protocol: Throughput['protocol'];
  readonly start: (isOn: boolean, options: PoolerSettings) => Promise<RunningPooler>;
}

const features: readonly Feature[] = [
  feature('sharing', 'extended', { max_prepared_statements: 200 }),
  feature('names', 'simple', { max_prepared_statements: 200 }),
  feature('auto', 'simple', { pool_mode: 'auto' }),
  feature('stats', 'simple', { stats_period: 1, log_stats: 1 }, ['--status-listen', ':0']),
  feature('timeouts', 'simple', {
    query_timeout: hour,
    transaction_timeout: hour,
    idle_transaction_timeout: hour,
    client_idle_timeout: hour,
  }),
  {
    metric: 'route',
    protocol: 'simple',
    start: (isOn, options) => startProgrammedPool(options, isOn),
  },
];

export default {
  name: 'pool-features',
  about:
    `What the pool does beside forwarding, and what it costs: pgbench -S with ${clients} clients, transaction mode, ` +
    'pool of 10, CPU time of the pooler for one transaction in microseconds, with one feature and without it. ' +
    '`sharing`: prepared statements, also those without a name, shared by all clients (-M extended). `names`: ' +
    'texts looked at for names of statements and channels. `auto`: texts looked at for state. `stats`: the ' +
    'status page, and statistics logged every second. `timeouts`: four of them set. `route`: a program asked ' +
    'where each transaction goes. None is to add more than 2.',
  runs: 5,
  comparisons: features.map(({ metric }) => ({ metric, unit: 'us', better: 'lower', peer: off })),
  setUp,
} satisfies Bench;

function feature(
  metric: string,
  protocol: Throughput['protocol'],
  settings: Settings,
  args: readonly string[] = [],
): Feature {
  return {
    metric,
    protocol,
    start: (isOn, { databases, settings: common }) =>
      startSluicePool(
        { databases, settings: isOn ? { ...common, ...settings } : common },
        isOn ? args : [],
      ),
  };
}

async function setUp(): Promise<Prepared> {
  await using stack = new AsyncDisposableStack();
  const server = await startLocalServer({
    major: 17,
    settings: { shared_buffers: '256MB', max_connections: 60 },
  });
  stack.defer(() => server.remove());
  await initPgbench(await server.createDatabase('bench'), 10);
  const options: PoolerSettings = {
    databases: { bench: entryOf(server) },
    settings: {
      pool_mode: 'transaction',
      default_pool_size: 10,
      max_client_conn: 1000,
      max_prepared_statements: 0,
      log_stats: 0,
    },
  };
  const kept = stack.move();
  return {
    ours: { name: 'with', measure: () => measureAll(true, options) },
    peers: [{ name: off, measure: () => measureAll(false, options) }],
    versions: { postgres: await versionOf(server) },
    [Symbol.asyncDispose]: () => kept.disposeAsync(),
  };
}

/** Each pooler alone on the machine, and fresh. */
async function measureAll(isOn: boolean, options: PoolerSettings): Promise<Measured> {
  const cpu: Record<string, number> = {};
  for (const { metric, protocol, start } of features) {
    await using pooler = await start(isOn, options);
    cpu[metric] = (await measureTps(pooler, protocol, clients))['cpu'] ?? 0;
  }
  return cpu;
}
