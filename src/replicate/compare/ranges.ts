import { quoteLiteral } from '../../catalog/index.ts';
import type { Side } from './row-digest.ts';
import { boundLiteral, orderExpression, searchableType, type TableKey } from './table-key.ts';

/** The first key of every range but the first, ascending; each value as text. */
export type Bounds = readonly (readonly string[])[];

/** How the rows of a table are divided, the same on both sides. */
export type Division =
  | { readonly kind: 'keys'; readonly key: TableKey; readonly bounds: Bounds }
  /** By the row's hash: for tables without a key. A power of two. */
  | { readonly kind: 'hashes'; readonly buckets: number };

export function countRanges(division: Division): number {
  return division.kind === 'keys' ? division.bounds.length + 1 : division.buckets;
}

/**
 * The SQL of a row's range number, 0 up to the number of ranges less one.
 *
 *     width_bucket(t."id", '{10,20}'::int4[])
 *     CASE WHEN (t."a", t."b") < ('x', 2) THEN 0 ELSE 1 END
 *     h & 255
 */
export function rangeNumber(division: Division, side: Side, hash: string): string {
  if (division.kind === 'hashes') return `(${hash} & ${division.buckets - 1})::pg_catalog.int4`;
  const { key, bounds } = division;
  if (bounds.length === 0) return '0';
  const type = searchableType(key);
  if (type === null) return searchTree(division.key, bounds, side, 0, bounds.length);
  // NULL, which only a target without the key's constraint can hold, goes to the last range, as below.
  const array = quoteLiteral(`{${bounds.map(([value]) => `"${value}"`).join()}}`);
  const values = key.columns.map((column) => orderExpression(column, side)).join();
  const found = `pg_catalog.width_bucket(${values}::pg_catalog.${type}, ${array}::pg_catalog.${type}[])`;
  return `coalesce(${found}, ${bounds.length})`;
}

/** A binary search written out: every row is compared log2(bounds) times. */
function searchTree(key: TableKey, bounds: Bounds, side: Side, from: number, to: number): string {
  if (from === to) return String(from);
  const middle = Math.trunc((from + to) / 2);
  const below = searchTree(key, bounds, side, from, middle);
  const above = searchTree(key, bounds, side, middle + 1, to);
  return `CASE WHEN ${compareKey(key, '<', bounds[middle] ?? [], side)} THEN ${below} ELSE ${above} END`;
}

/** The SQL that is true for the rows of the ranges `first` to `last`. */
export function isWithin(
  key: TableKey,
  bounds: Bounds,
  side: Side,
  first: number,
  last: number,
): string {
  const from = bounds[first - 1];
  const to = bounds[last];
  const conditions = [
    ...(from === undefined ? [] : [compareKey(key, '>=', from, side)]),
    ...(to === undefined ? [] : [compareKey(key, '<', to, side)]),
  ];
  return conditions.length === 0 ? 'true' : conditions.join(' AND ');
}

/** `t."id" < '5'::int8`, `(t."a", t."b") >= ('x', '2'::int8)` */
function compareKey(
  key: TableKey,
  operator: '<' | '>=',
  bound: readonly string[],
  side: Side,
): string {
  const left = key.columns.map((column) => orderExpression(column, side));
  const right = key.columns.map((column, i) => boundLiteral(column, bound[i] ?? ''));
  return left.length === 1
    ? `${left[0]} ${operator} ${right[0]}`
    : `(${left.join(', ')}) ${operator} (${right.join(', ')})`;
}
