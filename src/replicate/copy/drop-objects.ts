import { qualifiedName, type ForeignKey, type Index, type Table } from '../../catalog/index.ts';
import type { DroppedObject, Tx } from '../../ledger/index.ts';
import { sqlstateOf } from '../../service/index.ts';
import {
  dropForeignKeySql,
  dropIndexSql,
  foreignKeyDefinitions,
  indexDefinitions,
  isRestorable,
} from './definitions.ts';
import type { Journal } from './journal.ts';

/**
 * Drops the indexes of a table that can all be made again, with their definitions journaled, inside the
 * caller's transaction. An index that something else depends on stays (a foreign key of a table that is not
 * ours, a view that groups by the primary key), and so do all when we are not the owner: they only cost
 * time.
 *
 * @param table as it is now
 * @returns what was written into the journal, and the names of the indexes that stay
 */
export async function dropIndexes(
  tx: Tx,
  journal: Journal,
  table: Table,
): Promise<{ dropped: DroppedObject[]; kept: string[] }> {
  const gone: Index[] = [];
  for (const index of table.indexes) {
    if (index.isAttached || !isRestorable(index)) continue;
    if (await tryDrop(tx, dropIndexSql(table, index))) gone.push(index);
  }
  const definitions = gone.flatMap((index) => indexDefinitions(table, index));
  const kept = table.indexes.filter((index) => !gone.includes(index)).map(({ name }) => name);
  return { dropped: await journal.write(tx, table, definitions), kept };
}

/** The same for one foreign key; null when it stays. */
export async function dropForeignKey(
  tx: Tx,
  journal: Journal,
  key: ForeignKey,
  isSplit: boolean,
): Promise<DroppedObject[] | null> {
  if (!(await tryDrop(tx, dropForeignKeySql(key)))) return null;
  return await journal.write(tx, key.table, foreignKeyDefinitions(key, isSplit));
}

/** Nobody else may look at or change the table until the transaction ends. */
export async function lockTable(tx: Tx, table: Table): Promise<boolean> {
  return await attempt(tx, `lock table only ${qualifiedName(table)} in access exclusive mode`);
}

/** The server knows best what depends on an object; without CASCADE it refuses. */
export async function tryDrop(tx: Tx, sql: string): Promise<boolean> {
  return await attempt(tx, sql);
}

/** False, with nothing done, when something depends on the object (2BP01) or we may not (42501). */
async function attempt(tx: Tx, sql: string): Promise<boolean> {
  await tx.query('savepoint dropping');
  try {
    await tx.query(sql);
  } catch (error) {
    const sqlstate = sqlstateOf(error);
    if (sqlstate !== '2BP01' && sqlstate !== '42501') throw error;
    await tx.query('rollback to savepoint dropping; release savepoint dropping');
    return false;
  }
  await tx.query('release savepoint dropping');
  return true;
}
