import { SluiceError } from '../errors/index.ts';
import { formatLsn, type Lsn } from '../wire/index.ts';
import { lsnOrNull } from './rows.ts';
import { loadSql } from './sql.ts';
import type { Tx } from './tx.ts';

/** The owner of a pipeline: every transaction it makes on the target proves it is still that. */
export interface Owner {
  readonly name: string;
  readonly epoch: bigint;
}

/**
 * The statement that moves a position, for callers that put it into a pipeline of statements of
 * their own: `select sluice.advance($1 pipeline, $2 epoch, $3 previous, $4 next) as hold`, text
 * parameters. Its errors carry the SQLSTATEs of `ledgerErrorOf`.
 */
export const advanceSql = loadSql('advance').trim();

/** Likewise for transactions that move no position: `$1` pipeline, `$2` epoch. */
export const checkEpochSql = loadSql('check-epoch').trim();

/**
 * Moves the position inside the caller's transaction, together with the effects it stands for.
 *
 * @param previous what the ledger must hold now
 * @returns the position that apply is held at, or null
 * @throws LEDGER_FENCED  somebody else owns the pipeline now; stop
 * @throws LEDGER_MOVED  the position is not `previous`; stop
 * @throws LEDGER_HELD  `next` is beyond a hold; roll back, come again with less
 */
export async function advance(tx: Tx, owner: Owner, previous: Lsn, next: Lsn): Promise<Lsn | null> {
  const values = [owner.name, String(owner.epoch), formatLsn(previous), formatLsn(next)];
  const { rows } = await translate(owner.name, tx.query(advanceSql, values));
  return rows[0] === undefined ? null : lsnOrNull(rows[0], 'hold');
}

/**
 * Fails unless the caller still owns the pipeline, and keeps it so until the transaction ends: a
 * claim waits. For transactions that move no position (copied ranges, dropped indexes).
 *
 * @throws LEDGER_FENCED  somebody else owns the pipeline now; stop
 */
export async function checkEpoch(tx: Tx, owner: Owner): Promise<void> {
  await translate(owner.name, tx.query(checkEpochSql, [owner.name, String(owner.epoch)]));
}

/** Our error for a server's SL001 to SL004, else null. Takes errors of a session or of `pg`. */
export function ledgerErrorOf(error: unknown, pipeline: string): SluiceError | null {
  const evidence = error instanceof Error ? error.message : '';
  switch (sqlstateOf(error)) {
    case 'SL001':
      return new SluiceError('LEDGER_FENCED', { pipeline }, { cause: error });
    case 'SL002':
      return new SluiceError('LEDGER_MOVED', { pipeline, evidence }, { cause: error });
    case 'SL003':
      return new SluiceError('LEDGER_HOLD', { pipeline, evidence }, { cause: error });
    case 'SL004':
      return new SluiceError('LEDGER_HELD', { pipeline, evidence }, { cause: error });
    default:
      return null;
  }
}

/** Awaits a query of the ledger's functions and gives its errors our names. */
export async function translate<T>(pipeline: string, query: Promise<T>): Promise<T> {
  try {
    return await query;
  } catch (error) {
    throw ledgerErrorOf(error, pipeline) ?? error;
  }
}

/** A session's ServerError has `sqlstate`, an error of `pg` has it in `code`. */
function sqlstateOf(error: unknown): string | undefined {
  if (!(error instanceof Error)) return undefined;
  if ('sqlstate' in error) return String(error.sqlstate);
  return 'code' in error ? String(error.code) : undefined;
}
