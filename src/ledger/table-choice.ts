import { SluiceError } from '../errors/index.ts';
import type { Pipeline } from './pipeline.ts';
import { text } from './rows.ts';
import { loadSql } from './sql.ts';
import type { Tx } from './tx.ts';

/** Which tables a pipeline was told to move, as of its last start. */
export interface TableChoice {
  /** Patterns; none: every table. */
  readonly tables: readonly string[];
  readonly tablesWithoutKey: 'refuse' | 'insert_only';
}

const set = loadSql('set-table-choice');
const read = loadSql('read-table-choice');

/** @throws LEDGER_FENCED  the epoch is not ours any more */
export async function setTableChoice(
  tx: Tx,
  owner: Pick<Pipeline, 'name' | 'epoch'>,
  { tables, tablesWithoutKey }: TableChoice,
): Promise<void> {
  const choice = [JSON.stringify(tables), tablesWithoutKey];
  const { rowCount } = await tx.query(set, [owner.name, String(owner.epoch), ...choice]);
  if (rowCount !== 1) throw new SluiceError('LEDGER_FENCED', { pipeline: owner.name });
}

/** Null when there is no such pipeline, or it was never started. */
export async function readTableChoice(tx: Tx, pipeline: string): Promise<TableChoice | null> {
  const { rows } = await tx.query(read, [pipeline]);
  const [row] = rows;
  if (!row) return null;
  const tables: unknown = JSON.parse(text(row, 'tables'));
  return {
    tables: Array.isArray(tables) ? tables.map(String) : [],
    tablesWithoutKey: text(row, 'tables_without_key') === 'insert_only' ? 'insert_only' : 'refuse',
  };
}
