import { SluiceError } from '../errors/index.ts';
import type { Tx } from '../ledger/index.ts';
import { markPartition } from './retention.ts';
import { loadSql } from './sql.ts';
import { quoteIfNeeded, quoteTable, quoteTableIfNeeded, splitTable } from './table-name.ts';

const findTable = loadSql('find-table');
const lockTableName = loadSql('lock-table-name');

export interface Partition {
  /** The table that rows go to: `public.orders_2026_11`. */
  readonly table: string;
  readonly parent: string;
  readonly key: readonly string[];
}

/**
 * Makes the table of a partition, unless it is there, in the transaction of its rows. Of several that
 * want to at the same time, one does and the others wait for its commit.
 *
 * @throws JOBS_NO_TABLE  it is not there, and nothing says how to make it
 */
export async function ensureTable(
  tx: Tx,
  { table, parent }: Pick<Partition, 'table' | 'parent'>,
  createSql: string | undefined,
): Promise<void> {
  if (await exists(tx, table)) return;
  if (createSql === undefined) throw new SluiceError('JOBS_NO_TABLE', { table });
  await tx.query(lockTableName, [table]);
  if (await exists(tx, table)) return;
  await tx.query(createSql);
  await markPartition(tx, table, parent);
}

/** True for a table that is there. */
export async function exists(tx: Tx, table: string): Promise<boolean> {
  const { rows } = await tx.query(findTable, [quoteTable(table)]);
  return rows[0]?.['found'] !== null;
}

/** `create table _DEST_TABLE (like _PARENT)` for a partition. */
export function fillTemplate(template: string, { table, parent, key }: Partition): string {
  const { schema, name } = splitTable(table);
  const values: Readonly<Record<string, string>> = {
    _DEST_TABLE: quoteTableIfNeeded(table),
    _SCHEMA_TABLE: quoteIfNeeded(table.includes('.') ? `${schema}__${name}` : name),
    _PARENT: quoteTableIfNeeded(parent),
    _PKEY: key.map(quoteIfNeeded).join(', '),
  };
  return template.replaceAll(/_DEST_TABLE|_SCHEMA_TABLE|_PARENT|_PKEY/g, (hole) => values[hole]!);
}
