import { formatLsn, parseLsn, type Lsn } from '../wire/index.ts';
import { numberOrNull, text } from './rows.ts';
import { loadSql } from './sql.ts';
import type { TableName } from './tables.ts';
import type { Tx } from './tx.ts';

/** Blocks [firstBlock, endBlock) of the source's heap; endBlock null is "to the end". */
export interface CopyRange {
  readonly rangeNo: number;
  readonly firstBlock: number;
  readonly endBlock: number | null;
  readonly snapshotLsn: Lsn;
  readonly rows: number;
}

const record = loadSql('record-range');
const read = loadSql('read-ranges');

/**
 * The receipt of one copied range; commits with its rows. A second receipt for the range is a unique
 * violation (23505), and so its rows cannot arrive twice.
 */
export async function recordRange(
  tx: Tx,
  pipeline: string,
  table: TableName,
  range: CopyRange,
): Promise<void> {
  await tx.query(record, [
    pipeline,
    table.schema,
    table.name,
    String(range.rangeNo),
    String(range.firstBlock),
    range.endBlock === null ? null : String(range.endBlock),
    formatLsn(range.snapshotLsn),
    String(range.rows),
  ]);
}

/** The ranges that are here, by number. */
export async function readRanges(tx: Tx, pipeline: string, table: TableName): Promise<CopyRange[]> {
  const { rows } = await tx.query(read, [pipeline, table.schema, table.name]);
  return rows.map((row) => ({
    rangeNo: Number(text(row, 'range_no')),
    firstBlock: Number(text(row, 'first_block')),
    endBlock: numberOrNull(row, 'end_block'),
    snapshotLsn: parseLsn(text(row, 'snapshot_lsn')),
    rows: Number(text(row, 'rows')),
  }));
}
