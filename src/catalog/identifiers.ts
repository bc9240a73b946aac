import type { TableName } from './table.ts';

/** `"a""b"`: always quoted, since whether a word is reserved depends on the server's version. */
export function identifier(name: string): string {
  return `"${name.replaceAll('"', '""')}"`;
}

/** `"shop"."orders"`, for SQL. */
export function qualifiedName(table: TableName): string {
  return `${identifier(table.schema)}.${identifier(table.name)}`;
}

/** `shop.orders`, for people. */
export function displayName(table: TableName): string {
  return `${table.schema}.${table.name}`;
}

/** `'it''s'`, right under standard_conforming_strings, which our sessions set. */
export function quoteLiteral(text: string): string {
  return `'${text.replaceAll("'", "''")}'`;
}
