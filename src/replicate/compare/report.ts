import { displayName, type TableName } from '../../catalog/index.ts';

/** What a comparison found. Plain data: `JSON.stringify` of it is the `--json` form. */
export interface CompareReport {
  /** The source's position both sides were read at (`0/16B3748`), the last one where tables have others; null for databases at rest. */
  readonly position: string | null;
  /** Every table was read completely on both sides, and no row differs. */
  readonly equal: boolean;
  /** By schema and name. */
  readonly tables: readonly TableReport[];
  /** Rows read on the source. */
  readonly rows: number;
  /** Bytes of tables read on the source. */
  readonly bytes: number;
  readonly seconds: number;
}

/** Why a table could not be compared row by row. Such a table is not equal. */
export type TableProblem =
  | 'missing on the source'
  | 'missing on the target'
  | 'columns missing on the target'
  | 'not copied yet'
  /** Truncated or rewritten between the snapshot and the reading: compare it again. */
  | 'changed while compared';

export interface TableReport extends TableName {
  readonly equal: boolean;
  /** A table that was rewritten while it was read is read again at a later position. */
  readonly position: string | null;
  readonly problem: TableProblem | null;
  /** About the problem: the columns. */
  readonly evidence: string | null;
  /** What rows are known by; empty without a usable key, then rows only count as missing and extra. */
  readonly key: readonly string[];
  readonly rows: number;
  readonly rowsTarget: number;
  readonly bytes: number;
  /** Into how many ranges the rows were divided. */
  readonly ranges: number;
  /** Exact, also where rows are not listed. */
  readonly totals: RowTotals;
  /** Ranges that differ, in order. */
  readonly differing: readonly DifferingRange[];
  readonly seconds: number;
}

export interface RowTotals {
  /** On the source only. */
  readonly missing: number;
  /** On the target only. */
  readonly extra: number;
  /** On both by their key, with other contents. */
  readonly different: number;
}

export interface DifferingRange extends RowTotals {
  /** First key of the range, as text; null: from the beginning (or: the table has no key). */
  readonly from: readonly string[] | null;
  /** First key after the range; null: to the end. */
  readonly to: readonly string[] | null;
  readonly rows: number;
  readonly rowsTarget: number;
  /** At most as many in a table as the comparison was told to list. */
  readonly listed: readonly DifferingRow[];
}

export interface DifferingRow {
  readonly kind: keyof RowTotals;
  /** The key's values as text; empty without a key. */
  readonly key: readonly string[];
  /** The row's digest, which tells rows without a key apart. */
  readonly digest: string;
}

const maxTableLines = 20;
const maxRowLines = 10;

/** A few lines for people. Holds keys of rows: for a terminal, not for a log. */
export function summarizeReport(report: CompareReport): string {
  const differing = report.tables.filter((table) => !table.equal);
  const lines = differing.slice(0, maxTableLines).flatMap(describeTable);
  const left = differing.length - maxTableLines;
  if (left > 0) lines.push(`... and ${countOf(left, 'more table')}`);
  return [...lines, describeTotal(report, differing.length)].join('\n');
}

function describeTotal(report: CompareReport, differing: number): string {
  const at = report.position === null ? '' : ` at ${report.position}`;
  const what = `${countOf(report.tables.length, 'table')}, ${countOf(report.rows, 'row')}, ${report.seconds.toFixed(1)} s`;
  if (report.equal) return `equal${at}: ${what}`;
  return `different${at}: ${differing} of ${what}`;
}

/** `1 table`, `12 tables`. */
function countOf(count: number, thing: string): string {
  return `${count} ${thing}${count === 1 ? '' : 's'}`;
}

function describeTable(table: TableReport): string[] {
  const name = displayName(table);
  if (table.problem !== null) {
    return [`${name}: ${table.problem}${table.evidence === null ? '' : `: ${table.evidence}`}`];
  }
  const { missing, extra, different } = table.totals;
  const head = `${name}: ${missing} missing, ${extra} extra, ${different} different of ${table.rows} rows (target ${table.rowsTarget})`;
  const rows = table.differing.flatMap((range) => range.listed);
  const lines = rows.slice(0, maxRowLines).map((row) => `  ${describeRow(table, row)}`);
  const left = missing + extra + different - lines.length;
  return [head, ...lines, ...(left > 0 ? [`  ... and ${countOf(left, 'more row')}`] : [])];
}

function describeRow(table: TableReport, row: DifferingRow): string {
  if (table.key.length === 0) return `${row.kind} row of digest ${row.digest}`;
  const key = table.key.map((column, i) => `${column} = ${row.key[i]}`);
  return `${row.kind} row with ${key.join(', ')}`;
}
