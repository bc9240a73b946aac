import { SluiceError } from '../errors/index.ts';
import { text } from './rows.ts';
import { loadSql } from './sql.ts';
import type { TableName } from './tables.ts';
import type { Tx } from './tx.ts';

/** Something dropped for the time of a copy, and the SQL that brings all of it back. */
export interface DroppedObject {
  readonly table: TableName;
  /** The order of restoring within the table, from 1. */
  readonly ordinal: number;
  /** `index`, `constraint`, `foreign-key`...: the caller's word, for people. */
  readonly kind: string;
  readonly name: string;
  /** May hold several statements (the index, its comment, its marks). */
  readonly definition: string;
}

const journal = loadSql('journal-drop');
const read = loadSql('read-journal');
const restored = loadSql('mark-restored');

/**
 * Commits with the DROP. An ordinal may be used again once its object has been restored.
 *
 * @throws LEDGER_JOURNAL  the ordinal still names an object that was not restored
 */
export async function journalDrop(tx: Tx, pipeline: string, object: DroppedObject): Promise<void> {
  const { rowCount } = await tx.query(journal, [
    pipeline,
    object.table.schema,
    object.table.name,
    String(object.ordinal),
    object.kind,
    object.name,
    object.definition,
  ]);
  if (rowCount !== 1) throw notInOrder(object);
}

/** What still has to be restored, by table, in order. */
export async function readJournal(tx: Tx, pipeline: string): Promise<DroppedObject[]> {
  const { rows } = await tx.query(read, [pipeline]);
  return rows.map((row) => ({
    table: { schema: text(row, 'schema_name'), name: text(row, 'table_name') },
    ordinal: Number(text(row, 'ordinal')),
    kind: text(row, 'kind'),
    name: text(row, 'object_name'),
    definition: text(row, 'definition'),
  }));
}

/**
 * Commits with the statements that restored it.
 *
 * @throws LEDGER_JOURNAL  somebody restored it already; roll back
 */
export async function markRestored(tx: Tx, pipeline: string, object: DroppedObject): Promise<void> {
  const { schema, name } = object.table;
  const { rowCount } = await tx.query(restored, [pipeline, schema, name, String(object.ordinal)]);
  if (rowCount !== 1) throw notInOrder(object);
}

function notInOrder(object: DroppedObject): SluiceError {
  const { schema, name } = object.table;
  return new SluiceError('LEDGER_JOURNAL', {
    object: object.name,
    table: `${schema}.${name}`,
    ordinal: object.ordinal,
  });
}
