import { startLocalServer } from '../../src/demo/index.ts';
import { pgbouncers } from '../../test/kit/pgbouncer-programs.ts';
import { runSql } from '../../test/kit/sql.ts';
import type { Bench, Measured } from '../kit/bench.ts';
import {
  startPgbouncer,
  startSluicePool,
  type PoolerSettings,
  type RunningPooler,
} from '../kit/poolers.ts';
import { initPgbench } from '../kit/pgbench.ts';
import { needProgram, run } from '../kit/programs.ts';
import { versionOf } from '../kit/servers.ts';
import { entryOf } from './throughput.ts';

const seconds = 6;
const clients = 8;
const peer = 'pgbouncer';
const password = 'correct horse';

const bench: Bench = {
  name: 'pool-connect',
  about:
    `Connections a second with SCRAM-SHA-256 at its default of 4,096 iterations: ${clients} clients of pgbench -C that connect, ` +
    `run one SELECT and leave, for ${seconds} s. The clients derive their keys on the same cores. CPU is of the pooler for ` +
    'one connection.',
  runs: 5,
  comparisons: [
    { metric: 'connects', unit: '/s', better: 'higher', peer },
    { metric: 'cpu', unit: 'us', better: 'lower', peer },
  ],
  async setUp() {
    await using stack = new AsyncDisposableStack();
    const server = await startLocalServer({ major: 17, settings: {} });
    stack.defer(() => server.remove());
    const url = await server.createDatabase('bench');
    await initPgbench(url, 1);
    await runSql(
      url,
      `SET password_encryption = 'scram-sha-256'; CREATE ROLE walker LOGIN PASSWORD '${password}'; GRANT SELECT ON ALL TABLES IN SCHEMA public TO walker`,
    );
    const [row] = await runSql(url, "SELECT rolpassword FROM pg_authid WHERE rolname = 'walker'");
    const options: PoolerSettings = {
      databases: { bench: entryOf(server) },
      settings: { pool_mode: 'transaction', auth_type: 'scram-sha-256', max_client_conn: 500 },
      userlist: `"walker" "${String(row?.['rolpassword'])}"\n"postgres" "${password}"\n`,
      password,
    };
    const ours = stack.use(await startSluicePool(options));
    const theirs = stack.use(await startPgbouncer(pgbouncers.debian, options));
    const kept = stack.move();
    return {
      ours: { name: 'sluice', measure: () => measureConnects(ours) },
      peers: [{ name: peer, measure: () => measureConnects(theirs) }],
      versions: { postgres: await versionOf(server) },
      [Symbol.asyncDispose]: () => kept.disposeAsync(),
    };
  },
};
export default bench;

async function measureConnects(pooler: RunningPooler): Promise<Measured> {
  const pgbench = await needProgram('pgbench', 'postgresql');
  const before = pooler.cpuSeconds();
  const url = `postgres://walker@127.0.0.1:${pooler.port}/bench`;
  const load = ['-C', '-n', '-c', String(clients), '-j', '2', '-T', String(seconds)];
  const said = await run(pgbench, [...load, '-b', 'select-only', '-s', '1', url], {
    PGPASSWORD: password,
  });
  const count = Number(/actually processed: (\d+)/.exec(said)?.[1]);
  return { connects: count / seconds, cpu: ((pooler.cpuSeconds() - before) / count) * 1e6 };
}
