import { quoteLiteral, type Column, type Table } from '../../catalog/index.ts';
import { columnOf, type ColumnPair, type Side } from './row-digest.ts';

/** What rows are known by on both sides, and how keys are ordered there. */
export interface TableKey {
  readonly columns: readonly KeyColumn[];
  /** All in their own type's order, and never NULL: a condition on the key finds a range, by an index. */
  readonly isNative: boolean;
}

export interface KeyColumn {
  readonly pair: ColumnPair;
  readonly order: KeyOrder;
}

/**
 * Both servers must order keys alike, or ranges would hold other rows here and there. `native`: types with
 * one order everywhere, compared as the named type. `text`: bytes of the text. `utf8`: the same for databases
 * of different encodings.
 */
export type KeyOrder =
  { readonly kind: 'native'; readonly type: string } | { readonly kind: 'text' | 'utf8' };

const nativeTypes = new Map([
  [17, 'bytea'],
  [20, 'int8'],
  [21, 'int2'],
  [23, 'int4'],
  [26, 'oid'],
  [1082, 'date'],
  [1083, 'time'],
  [1114, 'timestamp'],
  [1184, 'timestamptz'],
  [1700, 'numeric'],
  [2950, 'uuid'],
]);

/** Of these, arrays of bounds are searched in halves; of others, they would be walked through. */
const fixedSizeTypes = new Set([
  'int2',
  'int4',
  'int8',
  'oid',
  'date',
  'time',
  'timestamp',
  'timestamptz',
  'uuid',
]);
const integers = new Set([20, 21, 23]);

/** Bounds are only bounds: a longer text between them would make the statement longer, nothing better. */
const maxBoundLength = 100;

/**
 * The key by which both sides' rows are matched: the source's primary key, else a unique index whose columns
 * are all NOT NULL. Null when there is none, or the target lacks a column of it.
 */
export function chooseKey(
  source: Table,
  columns: readonly ColumnPair[],
  isSameEncoding: boolean,
): TableKey | null {
  const names = keyColumns(source);
  const pairs = names.map((name) => columns.find((pair) => pair.source.name === name));
  const known = pairs.filter((pair) => pair !== undefined);
  if (names.length === 0 || known.length < names.length) return null;
  const keyed = known.map((pair) => ({ pair, order: orderOf(pair, isSameEncoding) }));
  const isNative = keyed.every(
    ({ order, pair }) => order.kind === 'native' && pair.source.isNotNull && pair.target.isNotNull,
  );
  return { columns: keyed, isNative };
}

function keyColumns(table: Table): readonly string[] {
  if (table.primaryKey.length > 0) return table.primaryKey;
  const isNotNull = new Set(table.columns.filter((c) => c.isNotNull).map((c) => c.name));
  const index = table.uniqueIndexes.find(
    (index) =>
      index.predicate === null &&
      !index.hasExpressions &&
      index.columns.every((name) => isNotNull.has(name)),
  );
  return index?.columns ?? [];
}

function orderOf({ source, target }: ColumnPair, isSameEncoding: boolean): KeyOrder {
  const type = nativeTypes.get(source.baseTypeOid);
  if (type !== undefined && source.baseTypeOid === target.baseTypeOid) return native(type);
  if (integers.has(source.baseTypeOid) && integers.has(target.baseTypeOid)) return native('int8');
  return { kind: isSameEncoding ? 'text' : 'utf8' };
}

function native(type: string): KeyOrder {
  return { kind: 'native', type };
}

/** `t."id"`, `t."code"::pg_catalog.text COLLATE "C"`: what keys are ordered by. */
export function orderExpression({ pair, order }: KeyColumn, side: Side): string {
  const column = pair[side];
  switch (order.kind) {
    case 'native':
      return isDomain(column) ? `${columnOf(column)}::pg_catalog.${order.type}` : columnOf(column);
    case 'text':
      return `${columnOf(column)}::pg_catalog.text COLLATE "C"`;
    default:
      return `pg_catalog.convert_to(${columnOf(column)}::pg_catalog.text, 'UTF8')`;
  }
}

/** Likewise, short enough for a bound. */
export function boundExpression(column: KeyColumn, side: Side): string {
  const expression = orderExpression(column, side);
  switch (column.order.kind) {
    case 'native':
      return expression;
    case 'text':
      return `pg_catalog.left(${expression}, ${maxBoundLength})`;
    default:
      return `pg_catalog.substr(${expression}, 1, ${maxBoundLength})`;
  }
}

/** The SQL of one value of a bound. */
export function boundLiteral({ order }: KeyColumn, text: string): string {
  switch (order.kind) {
    case 'native':
      return `${quoteLiteral(text)}::pg_catalog.${order.type}`;
    case 'text':
      return quoteLiteral(text);
    default:
      return `${quoteLiteral(text)}::pg_catalog.bytea`;
  }
}

/** The type under which all bounds fit one array that is searched in halves; null for other keys. */
export function searchableType(key: TableKey): string | null {
  const [column, ...others] = key.columns;
  if (column?.order.kind !== 'native' || others.length > 0) return null;
  return fixedSizeTypes.has(column.order.type) ? column.order.type : null;
}

function isDomain(column: Column): boolean {
  return column.typeOid !== column.baseTypeOid;
}
