import { SluiceError } from '../../errors/index.ts';
import type { Tx } from '../../ledger/index.ts';
import { sqlstateOf } from '../../service/index.ts';
import { flag, text } from './rows.ts';

const mayCallSql = `select pg_catalog.has_function_privilege($1::text, 'execute') as may`;
const whoSql = `select pg_catalog.quote_ident(current_user) as user, pg_catalog.current_database() as database`;

/** Other rights (to replicate, to drop a publication) are none of the queues' roles. */
const deniedObject = /^permission denied for (?:function|schema|sequence|table|view) /;

/** The roles whose members use the queues. */
export type QueueGroup = 'pgq_reader' | 'pgq_writer' | 'pgq_admin';

/** @throws QUEUE_RIGHTS  the user may not call the function, which members of the group may */
export async function requireRight(tx: Tx, callee: string, group: QueueGroup): Promise<void> {
  const { rows } = await tx.query(mayCallSql, [callee]);
  if (flag(rows[0]!, 'may')) return;
  const reason = `permission denied for function ${callee}`;
  throw new SluiceError('QUEUE_RIGHTS', { ...(await whoAndWhere(tx)), group, reason });
}

/**
 * The error in our words, where the server has refused a call of schema pgq; else as it was. The connection is outside
 * a transaction.
 *
 * @param group whose members may do what was tried
 */
export async function explainRefusal(tx: Tx, error: unknown, group: QueueGroup): Promise<unknown> {
  if (!(error instanceof Error)) return error;
  const reason = error.message;
  const lacksRight = sqlstateOf(error) === '42501' && deniedObject.test(reason);
  if (!lacksRight && !isRaisedByQueues(error)) return error;
  const { user, database } = await whoAndWhere(tx);
  return lacksRight
    ? new SluiceError('QUEUE_RIGHTS', { user, database, group, reason }, { cause: error })
    : new SluiceError('QUEUE_REFUSED', { database, reason }, { cause: error });
}

async function whoAndWhere(tx: Tx): Promise<{ user: string; database: string }> {
  const { rows } = await tx.query(whoSql);
  return { user: text(rows[0]!, 'user'), database: text(rows[0]!, 'database') };
}

/** What functions of the schema raise quotes what they were given, and no rows. */
function isRaisedByQueues(error: Error): boolean {
  const raisedIn = 'where' in error && typeof error.where === 'string' ? error.where : '';
  return sqlstateOf(error) === 'P0001' && /^PL\/pgSQL function pgq(?:_ext|_coop)?\./.test(raisedIn);
}
