import { displayName } from '../../catalog/index.ts';
import { ServerError, SluiceError } from '../../errors/index.ts';
import {
  checkEpoch,
  inTransaction,
  markRestored,
  type DroppedObject,
  type Owner,
  type Tx,
} from '../../ledger/index.ts';
import { decisionOf, failpoint, sqlstateOf } from '../../service/index.ts';

/**
 * Makes one dropped object again and says so in the journal, in one transaction. The epoch is checked last,
 * since a claim waits for whoever has checked it, and an index may take hours.
 *
 * @throws COPY_RESTORE_REFUSED  the rows do not fit it; nothing is lost
 * @throws COPY_RESTORE_DENIED  the role may not make it; nothing is lost
 */
export async function restoreEntry(tx: Tx, owner: Owner, entry: DroppedObject): Promise<void> {
  await failpoint('copy.index.before-restore');
  await inTransaction(tx, async () => {
    // Adding a key locks two tables that apply writes to, in whatever order: whoever waits for long is the
    // one that can come again (55P03), well before a deadlock (1 s by default) picks apply.
    if (entry.kind === 'foreign-key') await tx.query("set local lock_timeout = '200ms'");
    await explain(entry, () => define(tx, entry));
    await markRestored(tx, owner.name, entry);
    await checkEpoch(tx, owner);
    await failpoint('copy.index.before-commit');
  });
  await failpoint('copy.index.after-restore');
}

/** A foreign key that somebody has dropped meanwhile needs no checking: that is how to give one up. */
async function define(tx: Tx, { kind, definition }: DroppedObject): Promise<void> {
  if (kind !== 'validate') return void (await tx.query(definition));
  await tx.query('savepoint checking');
  try {
    await tx.query(definition);
  } catch (error) {
    if (sqlstateOf(error) !== '42704') throw error;
    await tx.query('rollback to savepoint checking');
  }
}

async function explain(entry: DroppedObject, run: () => Promise<unknown>): Promise<void> {
  try {
    await run();
  } catch (error) {
    if (!(error instanceof ServerError)) throw error;
    const decision = decisionOf(error);
    if (decision === 'retry' || decision === 'reconnect') throw error;
    const { sqlstate } = error;
    const details = { kind: entry.kind, object: entry.name, table: displayName(entry.table) };
    if (sqlstate === '42501')
      throw new SluiceError('COPY_RESTORE_DENIED', details, { cause: error });
    throw new SluiceError('COPY_RESTORE_REFUSED', { ...details, sqlstate }, { cause: error });
  }
}
