import { systemClock, type Log } from '../service/index.ts';
import type { Tx } from './tx.ts';

/** Waits, told once in the log, while another session is the runner; `session` is, when this resolves. */
export async function becomeRunner(
  session: Tx,
  options: { name: string; log: Log; signal: AbortSignal; onStandby?: () => void },
): Promise<void> {
  if (await tryBecomeRunner(session, options.name)) return;
  options.onStandby?.();
  options.log.warn('another process runs this pipeline: standing by', { pipeline: options.name });
  do await systemClock.sleep(500, options.signal);
  while (!(await tryBecomeRunner(session, options.name)));
}

// The lock ends with its session: a dead runner is followed by whoever asks next.
const runnerLock = "pg_catalog.hashtextextended('sluice.runner ' || $1::text, 0)";

/** Takes the advisory lock of the pipeline's one runner; false while another session has it. */
export async function tryBecomeRunner(session: Tx, pipeline: string): Promise<boolean> {
  const sql = `SELECT pg_catalog.pg_try_advisory_lock(${runnerLock})::text AS ok`;
  const { rows } = await session.query(sql, [pipeline]);
  return rows[0]?.['ok'] === 'true';
}

export async function isRunning(session: Tx, pipeline: string): Promise<boolean> {
  const isMine = await tryBecomeRunner(session, pipeline);
  if (isMine)
    await session.query(`SELECT pg_catalog.pg_advisory_unlock(${runnerLock})`, [pipeline]);
  return !isMine;
}

/** The target's server and database: part of the names of what a pipeline makes on its source. */
export async function databaseIdentity(session: Tx): Promise<string> {
  const { rows } = await session.query(
    'SELECT system_identifier::text AS id, current_database() AS name FROM pg_catalog.pg_control_system()',
  );
  return `${String(rows[0]!['id'])}/${String(rows[0]!['name'])}`;
}
