import { displayName, qualifiedName, type Table } from '../../catalog/index.ts';
import { SluiceError } from '../../errors/index.ts';
import { restartTable, type Owner, type Tx } from '../../ledger/index.ts';
import { sqlstateOf } from '../../service/index.ts';
import { isCopied, type TableGroup } from './group.ts';

/** Rows of an interrupted copy are there, or may be. */
export function mustRestart({ members }: TableGroup): boolean {
  return members.some(({ state }) => state === 'copying');
}

/**
 * Empties a table whose copy was interrupted and sets its sources back to `pending`, all of them: rows
 * of one source cannot be told from those of another. Inside the caller's transaction.
 */
export async function restartGroup(tx: Tx, owner: Owner, group: TableGroup): Promise<void> {
  await emptyTable(tx, group.target);
  for (const { table } of group.members) await restartTable(tx, owner.name, table.source, null);
}

/**
 * Fails unless the table is empty, or holds rows of ours only.
 *
 * @throws COPY_TARGET_NOT_EMPTY
 */
export async function expectEmpty(tx: Tx, group: TableGroup): Promise<void> {
  if (group.members.some(isCopied)) return;
  const { rows } = await tx.query(
    `select exists (select from ${only(group.target)} limit 1)::text as has_rows`,
  );
  if (rows[0]?.['has_rows'] !== 'true') return;
  throw new SluiceError('COPY_TARGET_NOT_EMPTY', { table: displayName(group.target) });
}

/** A table that others reference cannot be truncated, nor can one by a role that lacks the privilege. */
async function emptyTable(tx: Tx, table: Table): Promise<void> {
  await tx.query('savepoint truncating');
  try {
    await tx.query(`truncate ${only(table)}`);
  } catch (error) {
    const sqlstate = sqlstateOf(error);
    if (sqlstate !== '0A000' && sqlstate !== '42501') throw error;
    await tx.query(`rollback to savepoint truncating; delete from ${only(table)}`);
  }
  await tx.query('release savepoint truncating');
}

function only(table: Table): string {
  return table.kind === 'p' ? qualifiedName(table) : `only ${qualifiedName(table)}`;
}
