import { formatLsn, type Lsn } from '../wire/index.ts';
import { lsnOrNull, numberOrNull, text, textOrNull, type Row } from './rows.ts';
import { loadSql } from './sql.ts';
import type { Tx } from './tx.ts';

/**
 *     pending --> copying --> copied --> indexing --> ready
 *        ^           |          (receipt, with the rows)
 *        +-----------+  the snapshot is gone: restartTable, under a new one
 */
export type TableState = (typeof tableStates)[number];

const tableStates = ['pending', 'copying', 'copied', 'indexing', 'ready'] as const;

export interface TableName {
  readonly schema: string;
  readonly name: string;
}

export interface PipelineTable extends TableName {
  readonly state: TableState;
  /** The copy holds every commit up to here; the stream is applied from here on. */
  readonly snapshotLsn: Lsn | null;
  readonly rows: number | null;
  readonly bytes: number | null;
  readonly copiedAt: string | null;
  /** The source's table that was copied; another may have its name now. */
  readonly sourceOid: number | null;
}

const readStates = loadSql('read-table-states');
const setState = loadSql('set-table-state');
const restart = loadSql('restart-table');
const forget = loadSql('forget-table');

/** By schema, then table. */
export async function readTableStates(tx: Tx, pipeline: string): Promise<PipelineTable[]> {
  const { rows } = await tx.query(readStates, [pipeline]);
  return rows.map(toTable);
}

/** Records a state; what is left out of `facts` stays as it was. Call it where the effect commits. */
export async function setTableState(
  tx: Tx,
  pipeline: string,
  table: TableName,
  state: TableState,
  facts: { snapshotLsn?: Lsn; rows?: number; bytes?: number; sourceOid?: number } = {},
): Promise<void> {
  await tx.query(setState, [
    pipeline,
    table.schema,
    table.name,
    state,
    facts.snapshotLsn === undefined ? null : formatLsn(facts.snapshotLsn),
    facts.rows === undefined ? null : String(facts.rows),
    facts.bytes === undefined ? null : String(facts.bytes),
    facts.sourceOid === undefined ? null : String(facts.sourceOid),
  ]);
}

/**
 * Back to `pending` under another snapshot; the receipts of its ranges are forgotten, so the caller
 * empties the table in the same transaction.
 */
export async function restartTable(
  tx: Tx,
  pipeline: string,
  table: TableName,
  snapshotLsn: Lsn | null,
): Promise<void> {
  const position = snapshotLsn === null ? null : formatLsn(snapshotLsn);
  await tx.query(restart, [pipeline, table.schema, table.name, position]);
}

/** The table is no longer part of the pipeline. */
export async function forgetTable(tx: Tx, pipeline: string, table: TableName): Promise<void> {
  await tx.query(forget, [pipeline, table.schema, table.name]);
}

function toTable(row: Row): PipelineTable {
  return {
    schema: text(row, 'schema_name'),
    name: text(row, 'table_name'),
    state: toState(text(row, 'state')),
    snapshotLsn: lsnOrNull(row, 'snapshot_lsn'),
    rows: numberOrNull(row, 'rows'),
    bytes: numberOrNull(row, 'bytes'),
    copiedAt: textOrNull(row, 'copied_at'),
    sourceOid: numberOrNull(row, 'source_oid'),
  };
}

function toState(word: string): TableState {
  const state = tableStates.find((known) => known === word);
  if (state === undefined) throw new TypeError(`unknown table state ${word}`);
  return state;
}
