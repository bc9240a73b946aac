import type { Column, Table } from '../../catalog/index.ts';
import type { Relation } from '../../wire/index.ts';
import { identifier, qualifiedName } from '../../catalog/index.ts';

/** A published column as the target holds it. */
export interface TargetColumn {
  /** Quoted. */
  readonly name: string;
  readonly typeOid: number;
  /** Qualified, without a type modifier: fit for a cast that changes nothing. */
  readonly typeName: string;
  /** Position of its cell in the tuples of the stream. */
  readonly cell: number;
  readonly isKey: boolean;
  /** GENERATED ALWAYS AS IDENTITY: may be inserted, never assigned. */
  readonly isAlwaysIdentity: boolean;
  /** Its type's equality operator, as SQL: qualified where it is an extension's. */
  readonly equals: string;
  /** How a value is recognised where only the whole row tells a row from others. */
  readonly matchedBy: 'equality' | 'equality and text' | 'text';
}

/** Where the changes of one source relation go, and how its rows are found there. */
export interface TargetTable {
  /** `schema.table`, for messages. */
  readonly label: string;
  /** Quoted and qualified, with ONLY where children must stay untouched. */
  readonly sql: string;
  /** The same without ONLY, for COPY and INSERT. */
  readonly insertSql: string;
  readonly staging: string;
  readonly columns: readonly TargetColumn[];
  /** Columns of the target alone, quoted, without generated ones. */
  readonly ownColumns: readonly string[];
  /** Cells of all columns, in the order of `columns`. */
  readonly cells: Int32Array;
  readonly keyColumns: readonly TargetColumn[];
  /** Cells of the columns that identify a row; empty when only the whole row does. */
  readonly keyCells: Int32Array;
  /** False when this relation is one partition of several that the target keeps in one table. */
  readonly isWhole: boolean;
  /**
   * Cells that the binary stream sends as text, their types having no send function; found out from
   * the rows themselves. They go through a text column of the staging table and a cast.
   */
  readonly textCells: Set<number>;
  /** Tables are written in this order, parents of foreign keys first. */
  readonly rank: number;
}

let stagingCount = 0;

/**
 * Joins a relation of the stream with the target's table of the same columns.
 *
 * @param facts.rank position in the order of foreign keys, parents first
 * @param facts.equality schemas of the `=` of types whose operator is not in pg_catalog, by type oid
 */
export function joinTarget(
  relation: Relation,
  table: Table,
  { rank, equality }: { rank: number; equality: ReadonlyMap<number, string> },
): TargetTable {
  const byName = new Map(table.columns.map((column) => [column.name, column]));
  const keyNames = rowIdentity(relation, table);
  const sent = new Set(relation.columns.map((column) => column.name));
  const columns = relation.columns.map((column, cell) =>
    targetColumn(byName.get(column.name), column.name, cell, { keyNames, equality }),
  );
  const keyColumns = columns.filter((column) => column.isKey);
  const name = qualifiedName(table);
  return {
    label: `${table.schema}.${table.name}`,
    sql: table.kind === 'p' ? name : `ONLY ${name}`,
    insertSql: name,
    // A table whose columns changed gets a new staging table; the old one ends with the session.
    staging: `pg_temp.sluice_staging_${stagingCount++}`,
    columns,
    ownColumns: table.columns
      .filter(({ name: own, generated }) => generated === '' && !sent.has(own))
      .map(({ name: own }) => identifier(own)),
    cells: Int32Array.from(columns, (column) => column.cell),
    keyColumns,
    keyCells: Int32Array.from(keyColumns, (column) => column.cell),
    isWhole: table.schema === relation.schema && table.name === relation.name,
    textCells: new Set(),
    rank,
  };
}

function targetColumn(
  column: Column | undefined,
  name: string,
  cell: number,
  known: { keyNames: ReadonlySet<string>; equality: ReadonlyMap<number, string> },
): TargetColumn {
  if (!column) throw new TypeError(`the table's columns were checked to include ${name}`);
  return {
    name: identifier(name),
    typeOid: column.typeOid,
    typeName: column.typeName,
    cell,
    isKey: known.keyNames.has(name),
    isAlwaysIdentity: column.identity === 'a',
    equals: equalityOf(column, known.equality),
    matchedBy: valueMatch(column.shape),
  };
}

function equalityOf(column: Column, equality: ReadonlyMap<number, string>): string {
  const schema = equality.get(column.baseTypeOid);
  return schema === undefined ? '=' : `OPERATOR(${identifier(schema)}.=)`;
}

// `=` of these types is true for the very same value only.
const exactTypes =
  /^(?:bool|int2|int4|int8|oid|uuid|date|time|timestamp|timestamptz|bytea|name|enum|inet|cidr|macaddr|macaddr8|pg_lsn)$/;
// These have no `=`, or one that compares areas and lengths.
const unequalTypes =
  /(?:^|[^a-z])(?:json|xml|point|line|lseg|box|path|polygon|circle|aclitem|tsquery|jsonpath|refcursor)(?:$|[^a-z])/;

/** Several rows may be equal and still differ (1.0 and 1.00, two spellings in citext): then the text tells. */
function valueMatch(shape: string): TargetColumn['matchedBy'] {
  if (exactTypes.test(shape)) return 'equality';
  return unequalTypes.test(shape) ? 'text' : 'equality and text';
}

/**
 * The columns that tell one row from all others, as far as the stream sends them.
 *
 * With REPLICA IDENTITY FULL every column is sent, so a key of the target serves; without one only the
 * whole row tells.
 */
function rowIdentity(relation: Relation, table: Table): ReadonlySet<string> {
  const sent = new Set(relation.columns.map((column) => column.name));
  if (relation.replicaIdentity !== 'f')
    return new Set(relation.columns.filter((column) => column.isKey).map((column) => column.name));
  const notNull = new Set(table.columns.filter((c) => c.isNotNull).map((c) => c.name));
  const keys = table.uniqueIndexes
    .filter((index) => index.isImmediate && !index.predicate && !index.hasExpressions)
    .filter((index) => index.columns.every((name) => sent.has(name) && notNull.has(name)))
    .toSorted((a, b) => Number(b.isPrimary) - Number(a.isPrimary));
  return new Set(keys[0]?.columns);
}
