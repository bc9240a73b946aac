import { mkdtempSync, readFileSync, readdirSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { startLocalServer, type LocalServer } from '../../src/demo/index.ts';
import { pgbouncers } from '../../test/kit/pgbouncer-programs.ts';
import {
  quantile,
  type Bench,
  type Comparison,
  type Measured,
  type Prepared,
} from '../kit/bench.ts';
import { initPgbench } from '../kit/pgbench.ts';
import {
  startPgbouncer,
  startSluicePool,
  type PoolerSettings,
  type RunningPooler,
} from '../kit/poolers.ts';
import { needProgram, run } from '../kit/programs.ts';
import { versionOf } from '../kit/servers.ts';

const seconds = 6;

/** Debian's, and the newest release. */
const peers = { debian: 'pgbouncer', newest: 'pgbouncer-newest' };

export interface Throughput {
  readonly name: string;
  readonly protocol: 'simple' | 'extended' | 'prepared';
  readonly clients: number;
  readonly goal: number;
  /** All in session mode, with a server for each client. */
  readonly isSession?: boolean;
}

const poolSize = 10;

/** `pgbench -S` through our pool and through pgBouncer, in turn, on the same server. */
export function throughputBench(options: Throughput): Bench {
  const { name, protocol, clients, goal } = options;
  const against = (peer: string, isAlike: boolean): Comparison[] => [
    { metric: 'tps', unit: 'tps', better: 'higher', peer, ...(isAlike && { goal }) },
    { metric: 'p99', unit: 'ms', better: 'lower', peer, ...(isAlike && { goal: 0.83 }) },
    { metric: 'cpu', unit: 'us', better: 'lower', peer },
  ];
  return {
    name,
    about:
      `pgbench -S -M ${protocol}, ${clients} clients for ${seconds} s, ${describeModes(options)}, everything on one machine: the server, pgbench and the pooler share its cores. ` +
      'CPU is user and system time of the pooler for one transaction; p99 is of a tenth of the transactions.',
    runs: 5,
    comparisons: [
      ...against(peers.newest, true),
      ...against(peers.debian, !needsSession(options) || options.isSession === true),
    ],
    setUp: () => setUp(options),
  };
}

/** Debian's 1.18 has prepared statements in session mode only. */
function needsSession({ protocol }: Throughput): boolean {
  return protocol === 'prepared';
}

function describeModes(options: Throughput): string {
  if (options.isSession === true) return 'all in session mode with a server for each client';
  const pooled = `transaction mode with a pool of ${poolSize}`;
  if (!needsSession(options)) return `all in ${pooled}`;
  return `in ${pooled}, but for Debian's pgBouncer 1.18, which has no prepared statements there: in session mode with a server for each client`;
}

async function setUp(options: Throughput): Promise<Prepared> {
  const { protocol, clients, isSession = false } = options;
  await using stack = new AsyncDisposableStack();
  const server = await startLocalServer({
    major: 17,
    settings: { shared_buffers: '256MB', max_connections: clients * 3 + 20 },
  });
  stack.defer(() => server.remove());
  await initPgbench(await server.createDatabase('bench'), 10);
  const settings = (inSession: boolean): PoolerSettings => ({
    databases: { bench: entryOf(server) },
    settings: {
      pool_mode: inSession ? 'session' : 'transaction',
      default_pool_size: inSession ? clients : poolSize,
      max_client_conn: 1000,
    },
  });
  const ours = stack.use(await startSluicePool(settings(isSession)));
  const newest = stack.use(await startPgbouncer(pgbouncers.newest, settings(isSession)));
  const inSession = needsSession(options);
  const debian = stack.use(await startPgbouncer(pgbouncers.debian, settings(inSession)));
  const measure = (pooler: RunningPooler) => () => measureTps(pooler, protocol, clients);
  const kept = stack.move();
  return {
    ours: { name: 'sluice', measure: measure(ours) },
    peers: [
      { name: peers.newest, measure: measure(newest) },
      { name: peers.debian, measure: measure(debian) },
    ],
    versions: {
      postgres: await versionOf(server),
      [peers.newest]: pgbouncers.newest.name,
      [peers.debian]: pgbouncers.debian.name,
    },
    [Symbol.asyncDispose]: () => kept.disposeAsync(),
  };
}

export function entryOf(server: LocalServer): string {
  const url = new URL(server.url('bench'));
  const host = url.searchParams.get('host') ?? url.hostname;
  return `host=${host} port=${url.port} dbname=bench user=${decodeURIComponent(url.username)}`;
}

/** One run of `pgbench -S`; `cpu` is the pooler's, in microseconds a transaction. */
export async function measureTps(
  pooler: RunningPooler,
  protocol: Throughput['protocol'],
  clients: number,
): Promise<Measured> {
  const pgbench = await needProgram('pgbench', 'postgresql');
  const folder = mkdtempSync(join(tmpdir(), 'sluice-bench-'));
  const before = pooler.cpuSeconds();
  try {
    const load = ['-S', '-n', '-M', protocol, '-c', String(clients), '-j', '2'];
    const sample = ['-l', `--log-prefix=${join(folder, 'log')}`, '--sampling-rate=0.1'];
    const url = `postgres://postgres@127.0.0.1:${pooler.port}/bench`;
    const said = await run(pgbench, [...load, '-T', String(seconds), ...sample, url]);
    const cpu = pooler.cpuSeconds() - before;
    const tps = numberIn(said, /tps = ([\d.]+)/);
    const transactions = numberIn(said, /actually processed: (\d+)/);
    return {
      tps,
      p99: quantile(latenciesMs(folder), 0.99),
      cpu: (cpu / transactions) * 1e6,
    };
  } finally {
    rmSync(folder, { recursive: true, force: true });
  }
}

/** Third word of each line of pgbench's log: microseconds. */
function latenciesMs(folder: string): number[] {
  return readdirSync(folder).flatMap((file) =>
    readFileSync(join(folder, file), 'utf8')
      .split('\n')
      .filter((line) => line !== '')
      .map((line) => Number(line.split(' ')[2]) / 1000),
  );
}

function numberIn(text: string, pattern: RegExp): number {
  const found = Number(pattern.exec(text)?.[1]);
  if (Number.isNaN(found)) throw new Error(`pgbench did not say ${pattern.source}:\n${text}`);
  return found;
}
