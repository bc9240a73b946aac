import { runSql } from '../../test/kit/sql.ts';
import { needProgram, run } from './programs.ts';

const postgresql = 'postgresql';

/** `pgbench -i`: accounts (100,000 a scale), branches, tellers, history, with primary keys. */
export async function initPgbench(url: string, scale: number): Promise<void> {
  const pgbench = await needProgram('pgbench', postgresql);
  await run(pgbench, ['--initialize', '--quiet', '--scale', String(scale), url]);
  // History has no key: published, its rows are only ever inserted, yet natively that wants an identity.
  await runSql(url, 'ALTER TABLE pgbench_history REPLICA IDENTITY FULL');
}

/** The same tables, empty. */
export async function initPgbenchTables(url: string): Promise<void> {
  const pgbench = await needProgram('pgbench', postgresql);
  await run(pgbench, ['--initialize', '--init-steps=dtp', '--quiet', url]);
  await runSql(url, 'ALTER TABLE pgbench_history REPLICA IDENTITY FULL');
}

/** `pgbench -N`: each transaction updates one account and inserts one history row. */
export async function runSimpleUpdates(url: string, transactions: number): Promise<void> {
  const pgbench = await needProgram('pgbench', postgresql);
  const clients = 8;
  const perClient = String(Math.ceil(transactions / clients));
  await run(
    pgbench,
    ['-N', '-n', '-M', 'prepared', '-c', String(clients), '-j', '1', '-t', perClient, url],
    { PGOPTIONS: '-c synchronous_commit=off' },
  );
}
