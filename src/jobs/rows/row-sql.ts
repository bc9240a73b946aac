import { SluiceError } from '../../errors/index.ts';
import { quoteIdentifier, quoteLiteral } from '../../session/index.ts';
import { quoteTable } from '../table-name.ts';
import type { RowValue, RowValues } from './row-event.ts';

/** Rows of one INSERT: its text is in memory, here and in the server. */
const rowsPerInsert = 500;

/**
 * `insert into "public"."t" ("id", "txt") values ('1', 'a'), ('2', NULL)`: literals without a type become what the column
 * is. Rows with other columns get a statement of their own; the order stays.
 */
export function insertSql(table: string, rows: readonly RowValues[]): string[] {
  return runsOfColumns(rows).flatMap((run) => {
    const columns = Object.keys(run[0]!);
    const list = columns.map(quoteIdentifier).join(', ');
    const head = `insert into ${quoteTable(table)} (${list}) overriding system value values `;
    return chunks(run, rowsPerInsert).map(
      (chunk) => `${head}${chunk.map((row) => valueList(columns, row)).join(', ')}`,
    );
  });
}

/** `update only "public"."t" set "txt" = 'b' where "id" = '1'`; null when there is nothing but the key. */
export function updateSql(table: string, key: readonly string[], row: RowValues): string | null {
  const sets = Object.entries(row)
    .filter(([column]) => !key.includes(column))
    .map(([column, value]) => `${quoteIdentifier(column)} = ${literal(value)}`);
  if (sets.length === 0) return null;
  return `update only ${quoteTable(table)} set ${sets.join(', ')} where ${keyIs(table, key, row)}`;
}

/** `delete from only "public"."t" where "id" = '1'` */
export function deleteSql(table: string, key: readonly string[], row: RowValues): string {
  return `delete from only ${quoteTable(table)} where ${keyIs(table, key, row)}`;
}

/** Rows that follow one another and have the same columns. */
export function runsOfColumns(rows: readonly RowValues[]): RowValues[][] {
  const runs: RowValues[][] = [];
  let columns = '';
  for (const row of rows) {
    const own = JSON.stringify(Object.keys(row));
    const last = runs.at(-1);
    if (last !== undefined && own === columns) last.push(row);
    else runs.push([row]);
    columns = own;
  }
  return runs;
}

/** @throws JOBS_NO_KEY  without a key no row can be found */
function keyIs(table: string, key: readonly string[], row: RowValues): string {
  const pairs = key.map((column) => [column, row[column]] as const);
  if (pairs.length === 0 || pairs.some(([, value]) => value === undefined)) {
    throw new SluiceError('JOBS_NO_KEY', { table });
  }
  return pairs
    .map(([column, value]) => `${quoteIdentifier(column)} = ${literal(value ?? null)}`)
    .join(' and ');
}

function valueList(columns: readonly string[], row: RowValues): string {
  return `(${columns.map((column) => literal(row[column] ?? null)).join(', ')})`;
}

function literal(value: RowValue): string {
  return value === null ? 'NULL' : quoteLiteral(String(value));
}

function chunks<T>(list: readonly T[], size: number): T[][] {
  const count = Math.ceil(list.length / size);
  return Array.from({ length: count }, (_, nr) => list.slice(nr * size, (nr + 1) * size));
}
