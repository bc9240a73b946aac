import type { TargetColumn, TargetTable } from './target-table.ts';

/**
 * @example insertRow: `INSERT INTO "public"."orders" ("id", "note") OVERRIDING SYSTEM VALUE VALUES ($1, $2)`
 */
export function insertRow(table: TargetTable): string {
  const values = table.columns.map((_, i) => `$${i + 1}`).join(', ');
  return `INSERT INTO ${table.insertSql} (${names(table.columns)}) OVERRIDING SYSTEM VALUE VALUES (${values})`;
}

/**
 * Parameters: the assigned columns, then those of `where`.
 *
 * @example updateRow, its rows counted: `UPDATE ONLY "public"."orders" AS t SET "note" = $1 WHERE t."id" = $2`
 */
export function updateRow(
  table: TargetTable,
  assigned: readonly TargetColumn[],
  where: string,
): string {
  const set = assigned.map((column, i) => `${column.name} = $${i + 1}`).join(', ');
  return expecting(`UPDATE ${table.sql} AS t SET ${set} WHERE ${where}`, 1);
}

/**
 * An UPDATE of a table with GENERATED ALWAYS identities, which only DEFAULT can be assigned to: a row whose
 * identity (`always`) changes is deleted and inserted again, with what was not sent taken from the old row.
 * Parameters: the columns sent, then those of `where`.
 */
export function updateOrReplaceRow(
  table: TargetTable,
  row: {
    sent: readonly TargetColumn[];
    assigned: readonly TargetColumn[];
    always: readonly TargetColumn[];
    where: string;
  },
): string {
  const value = new Map(row.sent.map((column, i) => [column, `$${i + 1}`]));
  const set = row.assigned.map((column) => `${column.name} = ${value.get(column)}`).join(', ');
  const isKept = row.always
    .map((column) => `t.${column.name} ${column.equals} ${value.get(column)}`)
    .join(' AND ');
  const matched = `WHERE ${row.where} AND (${isKept}) IS`;
  const kept = set
    ? `UPDATE ${table.sql} AS t SET ${set} ${matched} TRUE RETURNING 1`
    : `SELECT 1 FROM ${table.sql} AS t ${matched} TRUE`;
  const columns = [...table.columns.map((column) => column.name), ...table.ownColumns];
  const values = [
    ...table.columns.map((column) => value.get(column) ?? `o.${column.name}`),
    ...table.ownColumns.map((name) => `o.${name}`),
  ];
  return (
    `WITH kept AS (${kept}), ` +
    `gone AS (DELETE FROM ${table.sql} AS t ${matched} NOT TRUE RETURNING *), ` +
    `made AS (INSERT INTO ${table.insertSql} (${columns.join(', ')}) OVERRIDING SYSTEM VALUE ` +
    `SELECT ${values.join(', ')} FROM gone AS o RETURNING 1) ` +
    'SELECT sluice.expect_rows((SELECT pg_catalog.count(*) FROM kept) + ' +
    '(SELECT pg_catalog.count(*) FROM made), 1)'
  );
}

/** @example deleteRow, its rows counted: `DELETE FROM ONLY "public"."orders" AS t WHERE t."id" = $1` */
export function deleteRow(table: TargetTable, where: string): string {
  return expecting(`DELETE FROM ${table.sql} AS t WHERE ${where}`, 1);
}

/**
 * Finds a row by its key, parameters counted from `first`.
 *
 * @example matchKey: `t."id" = $1 AND t."line" = $2`
 */
export function matchKey(table: TargetTable, first: number): string {
  return table.keyColumns
    .map((column, i) => `t.${column.name} ${column.equals} $${first + i}`)
    .join(' AND ');
}

/**
 * Finds one row by all its values, where several may be alike: whichever, but one. Columns that are null
 * are named, so that an index on the others serves.
 *
 * @param isNull per column of the table
 * @example matchRow: `(t.tableoid, t.ctid) = (SELECT tableoid, ctid FROM ONLY "public"."log" AS r WHERE
 *   r."at" = $1 AND r."note" IS NULL LIMIT 1)`
 */
export function matchRow(table: TargetTable, isNull: readonly boolean[], first: number): string {
  let parameter = first;
  const conditions = table.columns.flatMap((column, i) => {
    const name = `r.${column.name}`;
    if (isNull[i]) return [`${name} IS NULL`];
    const value = `$${parameter++}`;
    const equality = column.matchedBy === 'text' ? [] : [`${name} ${column.equals} ${value}`];
    const text = `${name}::pg_catalog.text = ${value}::pg_catalog.text`;
    return column.matchedBy === 'equality' ? equality : [...equality, text];
  });
  return (
    `(t.tableoid, t.ctid) = (SELECT r.tableoid, r.ctid FROM ${table.sql} AS r ` +
    `WHERE ${conditions.join(' AND ')} LIMIT 1)`
  );
}

export function truncate(tables: readonly TargetTable[], restartIdentity: boolean): string {
  const list = tables.map((table) => table.sql).join(', ');
  return `TRUNCATE ${list} ${restartIdentity ? 'RESTART' : 'CONTINUE'} IDENTITY`;
}

/**
 * The staging table, empty at the start of every transaction. Temporary, so that it costs no WAL and no
 * one else sees it; made from the target's own columns.
 *
 * @example createStaging: `CREATE TEMP TABLE IF NOT EXISTS sluice_staging_0 ON COMMIT DELETE ROWS AS
 *   SELECT "id", "acl"::pg_catalog.text AS "acl" FROM "public"."orders" WITH NO DATA`
 */
export function createStaging(table: TargetTable): string {
  const columns = table.columns.map((column) =>
    table.textCells.has(column.cell)
      ? `${column.name}::pg_catalog.text AS ${column.name}`
      : column.name,
  );
  return (
    `CREATE TEMP TABLE IF NOT EXISTS ${table.staging} ON COMMIT DELETE ROWS AS ` +
    `SELECT ${columns.join(', ')} FROM ${table.insertSql} WITH NO DATA`
  );
}

export function emptyStaging(table: TargetTable): string {
  return `TRUNCATE ${table.staging}`;
}

export function copyInto(
  target: string,
  columns: readonly TargetColumn[],
  format: 'binary' | 'text',
): string {
  return `COPY ${target} (${names(columns)}) FROM STDIN (FORMAT ${format})`;
}

/** Inserts all staged rows. */
export function insertStaged(table: TargetTable): string {
  return (
    `INSERT INTO ${table.insertSql} (${names(table.columns)}) OVERRIDING SYSTEM VALUE ` +
    `SELECT ${table.columns.map((column) => staged(table, column)).join(', ')} FROM ${table.staging} AS s`
  );
}

/**
 * @example updateStaged, its rows counted: `UPDATE ONLY "public"."orders" AS t SET "note" = s."note" FROM
 *   (SELECT * FROM pg_temp.sluice_staging_0 ORDER BY "id" OFFSET 0) AS s WHERE t."id" = s."id"`
 */
export function updateStaged(
  table: TargetTable,
  assigned: readonly TargetColumn[],
  always: readonly TargetColumn[],
  rows: number,
): string {
  const set = assigned.map((column) => `${column.name} = ${staged(table, column)}`).join(', ');
  // A row whose ALWAYS identity changed is not found: then the rows are written one by one.
  const matched = [sameKey(table), ...always.map((column) => same(table, column))];
  const from = `FROM ${stagedInOrder(table)} AS s WHERE ${matched.join(' AND ')}`;
  return expecting(`UPDATE ${table.sql} AS t SET ${set} ${from}`, rows);
}

export function deleteStaged(table: TargetTable, rows: number): string {
  const using = `USING ${stagedInOrder(table)} AS s WHERE ${sameKey(table)}`;
  return expecting(`DELETE FROM ${table.sql} AS t ${using}`, rows);
}

/**
 * Makes a statement fail with SL005 unless it touches so many rows. The server must see to it, since the
 * COMMIT is on its way before we have read a count.
 *
 * @example expecting('DELETE FROM t', 3): `WITH changed AS (DELETE FROM t RETURNING 1)
 *   SELECT sluice.expect_rows(pg_catalog.count(*), 3) FROM changed`
 */
function expecting(statement: string, rows: number): string {
  const counted = 'pg_catalog.count(*)';
  return `WITH changed AS (${statement} RETURNING 1) SELECT sluice.expect_rows(${counted}, ${rows}) FROM changed`;
}

/** In the order of the key, pages of its index are visited once: a quarter less time than as the changes came. */
function stagedInOrder(table: TargetTable): string {
  return `(SELECT * FROM ${table.staging} ORDER BY ${names(table.keyColumns)} OFFSET 0)`;
}

function sameKey(table: TargetTable): string {
  return table.keyColumns.map((column) => same(table, column)).join(' AND ');
}

function same(table: TargetTable, column: TargetColumn): string {
  return `t.${column.name} ${column.equals} ${staged(table, column)}`;
}

function staged(table: TargetTable, column: TargetColumn): string {
  return table.textCells.has(column.cell)
    ? `s.${column.name}::${column.typeName}`
    : `s.${column.name}`;
}

function names(columns: readonly TargetColumn[]): string {
  return columns.map((column) => column.name).join(', ');
}
