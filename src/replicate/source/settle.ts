import type { Queryable } from '../../catalog/index.ts';
import { loadSql } from '../sql.ts';

const settleTable = loadSql('source/sql/settle-table');

/**
 * Waits until the catalogs show what the stream tells of a table. A walsender may send a transaction that other
 * sessions cannot see for a moment yet: its locks are given back only after it can be seen.
 */
export async function settle(source: Queryable, oid: number): Promise<void> {
  await source.query(settleTable, [String(oid)]);
}
