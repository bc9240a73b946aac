import type { Queryable } from '../../catalog/index.ts';
import { loadSql, textOf } from '../sql.ts';

const readOperators = loadSql('apply/sql/read-equality');

/**
 * Where the `=` of extensions' types is, by the type's oid: with an empty search path it is found by its
 * schema only, and citext would silently be compared as text.
 */
export async function readEquality(target: Queryable): Promise<ReadonlyMap<number, string>> {
  const { rows } = await target.query(readOperators);
  return new Map(rows.map((row) => [Number(textOf(row, 'type')), textOf(row, 'schema')!]));
}
