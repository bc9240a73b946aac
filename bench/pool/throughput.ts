import { mkdtempSync, readFileSync, readdirSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { startLocalServer, type LocalServer } from '../../src/demo/index.ts';
import { quantile, type Bench, type Measured, type Prepared } from '../kit/bench.ts';
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
const peer = 'pgbouncer';

export interface Throughput {
  readonly name: string;
  readonly protocol: 'simple' | 'extended' | 'prepared';
  readonly clients: number;
  readonly goal: number;
  /** Ours is in session mode as well, where the peer has to be. */
  readonly isSession?: boolean;
}

const poolSize = 10;

/** `pgbench -S` through our pool and through pgBouncer, in turn, on the same server. */
export function throughputBench(options: Throughput): Bench {
  const { name, protocol, clients, goal } = options;
  return {
    name,
    about:
      `pgbench -S -M ${protocol}, ${clients} clients for ${seconds} s, ${describeModes(options)}, everything on one machine: the server, pgbench and the pooler share its cores. ` +
      'CPU is user and system time of the pooler for one transaction; p99 is of a tenth of the transactions.',
    runs: 5,
    comparisons: [
      { metric: 'tps', unit: 'tps', better: 'higher', peer, goal },
      { metric: 'p99', unit: 'ms', better: 'lower', peer, goal: 0.83 },
      { metric: 'cpu', unit: 'us', better: 'lower', peer },
    ],
    setUp: () => setUp(options),
  };
}

/** Debian's 1.18 has prepared statements in session mode only, with a server for each client. */
function describeModes({ protocol, isSession = false }: Throughput): string {
  if (isSession) return 'both in session mode with a server for each client';
  const ours = `transaction mode with a pool of ${poolSize}`;
  if (protocol !== 'prepared') return `both in ${ours}`;
  return `ours in ${ours}, pgBouncer 1.18, which has no prepared statements there, in session mode with a server for each client`;
}

async function setUp({ protocol, clients, isSession = false }: Throughput): Promise<Prepared> {
  await using stack = new AsyncDisposableStack();
  const server = await startLocalServer({
    major: 17,
    settings: { shared_buffers: '256MB', max_connections: clients * 2 + 20 },
  });
  stack.defer(() => server.remove());
  await initPgbench(await server.createDatabase('bench'), 10);
  const options = (inSession: boolean): PoolerSettings => ({
    databases: { bench: entryOf(server) },
    settings: {
      pool_mode: inSession ? 'session' : 'transaction',
      default_pool_size: inSession ? clients : poolSize,
      max_client_conn: 1000,
    },
  });
  const ours = stack.use(await startSluicePool(options(isSession)));
  const theirs = stack.use(await startPgbouncer(options(protocol === 'prepared')));
  const measure = (pooler: RunningPooler) => () => measureTps(pooler, protocol, clients);
  const kept = stack.move();
  return {
    ours: { name: 'sluice', measure: measure(ours) },
    peers: [{ name: peer, measure: measure(theirs) }],
    versions: { postgres: await versionOf(server), pgbouncer: await pgbouncerVersion() },
    [Symbol.asyncDispose]: () => kept.disposeAsync(),
  };
}

export function entryOf(server: LocalServer): string {
  const url = new URL(server.url('bench'));
  const host = url.searchParams.get('host') ?? url.hostname;
  return `host=${host} port=${url.port} dbname=bench user=${decodeURIComponent(url.username)}`;
}

async function pgbouncerVersion(): Promise<string> {
  const said = await run('/usr/sbin/pgbouncer', ['-V']);
  return /\d+(?:\.\d+)+/.exec(said)?.[0] ?? 'unknown';
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
