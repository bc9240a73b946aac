import { SluiceError } from '../errors/index.ts';
import type { Tx } from '../ledger/index.ts';
import { loadSql } from './sql.ts';
import { quoteIfNeeded, quoteTable, splitTable } from './table-name.ts';

const findTable = loadSql('find-table');
const lockTableName = loadSql('lock-table-name');

export interface Partition {
  /** The table that rows go to: `public.orders_2026_11`. */
  readonly table: string;
  readonly parent: string;
  readonly key: readonly string[];
}

/**
 * Makes the table of a partition from its template, unless it is there, in the transaction of its rows. Of several that
 * want to at the same time, one does and the others wait for its commit.
 *
 * @throws JOBS_NO_TABLE  it is not there, and there is no template
 */
export async function ensureTable(
  tx: Tx,
  partition: Partition,
  template: string | undefined,
): Promise<void> {
  const { table } = partition;
  if (await exists(tx, table)) return;
  if (template === undefined) throw new SluiceError('JOBS_NO_TABLE', { table });
  await tx.query(lockTableName, [table]);
  if (await exists(tx, table)) return;
  await tx.query(fillTemplate(template, partition));
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
    _DEST_TABLE: `${quoteIfNeeded(schema)}.${quoteIfNeeded(name)}`,
    _SCHEMA_TABLE: quoteIfNeeded(table.includes('.') ? `${schema}__${name}` : name),
    _PARENT: qualified(parent),
    _PKEY: key.map(quoteIfNeeded).join(', '),
  };
  return template.replaceAll(/_DEST_TABLE|_SCHEMA_TABLE|_PARENT|_PKEY/g, (hole) => values[hole]!);
}

function qualified(table: string): string {
  const { schema, name } = splitTable(table);
  return `${quoteIfNeeded(schema)}.${quoteIfNeeded(name)}`;
}
