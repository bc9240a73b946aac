import { identifier, qualifiedName, quoteLiteral, type Table } from '../../catalog/index.ts';
import type { CopyTable } from './copy-request.ts';
import { isWhole, type BlockRange } from './ranges.ts';

/**
 * Begins reading in the snapshot, and makes sure that the table's rows can still be seen in it: a table
 * that was rewritten looks empty, or has its rows elsewhere. The lock keeps it so for this range only: the
 * application's own ALTER TABLE, and everybody behind it, must not wait for a copy of hours.
 *
 * @returns one row: `is_unchanged` 'true' or 'false', null when the table is gone
 */
export function beginReading(table: Table, snapshot: string): string {
  return `begin isolation level repeatable read read only;
    set transaction snapshot ${quoteLiteral(snapshot)};
    lock table only ${qualifiedName(table)} in access share mode;
    select (relfilenode = pg_catalog.pg_relation_filenode(oid))::text as is_unchanged
    from pg_catalog.pg_class where oid = ${table.oid}`;
}

/**
 * @example whole table: `copy "shop"."orders" ("id", "note") to stdout (format binary)`
 * @example a range: `copy (select "id", "note" from only "shop"."orders" where ctid >= '(0,0)' and
 *   ctid < '(8192,0)') to stdout (format binary)`
 */
export function copyOutSql(table: CopyTable, range: BlockRange): string {
  const name = qualifiedName(table.source);
  const columns = table.columns.map(identifier).join(', ');
  // Naming a parent in COPY reads the parent alone, which is what ONLY says below.
  if (isWhole(range)) return `copy ${name} (${columns}) to stdout (format ${table.format})`;
  const end = range.endBlock === null ? '' : ` and ctid < '(${range.endBlock},0)'`;
  const where = `ctid >= '(${range.firstBlock},0)'${end}`;
  return `copy (select ${columns} from only ${name} where ${where}) to stdout (format ${table.format})`;
}

/** @example copyInSql: `copy "shop"."orders" ("id", "note") from stdin (format binary)` */
export function copyInSql(table: CopyTable): string {
  const columns = table.columns.map(identifier).join(', ');
  return `copy ${qualifiedName(table.target)} (${columns}) from stdin (format ${table.format})`;
}

/** Rows without columns are only counted. */
export function countSql(table: CopyTable): string {
  return `select count(*)::text as rows from only ${qualifiedName(table.source)}`;
}

/** Rows of which every column has its default. */
export function insertEmptySql(table: CopyTable, rows: number): string {
  return `insert into ${qualifiedName(table.target)} select from pg_catalog.generate_series(1, ${rows})`;
}

export function analyzeSql(table: Table): string {
  return `analyze ${qualifiedName(table)}`;
}

/**
 * Marks rows as visible to all now, instead of at the first read of each page. The table has no dead rows,
 * so that there is nothing to clean: what counts is to write the pages in the server's large buffers and
 * not through a small ring, and not to count the whole database's oldest rows again for each table.
 */
export function vacuumSql(
  { serverVersion }: { serverVersion: number },
  table: Table,
  analyze: boolean,
): string {
  const options = [`analyze ${analyze}`, 'truncate false'];
  if (serverVersion >= 160_000) options.push('skip_database_stats', 'buffer_usage_limit 0');
  return `vacuum (${options.join(', ')}) ${qualifiedName(table)}`;
}
