import { once } from 'node:events';
import { runSql } from '../../test/kit/sql.ts';
import { needProgram, run, start } from './programs.ts';

/** The Debian package that brings pgbench. */
const debianPackage = 'postgresql';

/** `pgbench -i`: accounts (100,000 a scale), branches, tellers, history, with primary keys. */
export async function initPgbench(url: string, scale: number): Promise<void> {
  const pgbench = await needProgram('pgbench', debianPackage);
  await run(pgbench, ['--initialize', '--quiet', '--scale', String(scale), url]);
  await runSql(url, historyIdentity);
}

/** The same tables, empty. */
export async function initPgbenchTables(url: string): Promise<void> {
  const pgbench = await needProgram('pgbench', debianPackage);
  await run(pgbench, ['--initialize', '--init-steps=dtp', '--quiet', url]);
  await runSql(url, historyIdentity);
}

/** History has no key and is only ever inserted into; a publication of updates wants an identity. */
const historyIdentity = 'ALTER TABLE pgbench_history REPLICA IDENTITY FULL';

/** `pgbench -N`: each transaction updates one account and inserts one history row. As fast as it goes. */
export async function runSimpleUpdates(url: string, transactions: number): Promise<void> {
  const pgbench = await needProgram('pgbench', debianPackage);
  const clients = 8;
  if (transactions % clients !== 0) throw new Error(`${transactions} is no multiple of ${clients}`);
  const each = ['-c', String(clients), '-t', String(transactions / clients)];
  const hasty = { PGOPTIONS: '-c synchronous_commit=off' };
  await run(pgbench, ['-N', '-n', '-M', 'prepared', ...each, url], hasty);
}

export interface Load extends AsyncDisposable {
  readonly isRunning: boolean;
}

/** `pgbench -N` at a steady rate, until disposed of or the time is over. */
export async function startSteadyUpdates(url: string, tps: number, seconds: number): Promise<Load> {
  const pgbench = await needProgram('pgbench', debianPackage);
  const rate = ['-c', '8', '-R', String(tps), '-T', String(seconds)];
  const child = start(pgbench, ['-N', '-n', '-M', 'prepared', ...rate, url]);
  const isRunning = (): boolean => child.exitCode === null && child.signalCode === null;
  return {
    get isRunning() {
      return isRunning();
    },
    [Symbol.asyncDispose]: async () => {
      if (!isRunning()) return;
      const closed = once(child, 'close');
      child.kill('SIGINT');
      await closed;
    },
  };
}
