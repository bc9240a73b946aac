import { quoteIdentifier } from '../session/index.ts';

/** A table as settings and triggers name it: `schema.name`, or `name` for `public.name`. */
export function splitTable(table: string): { schema: string; name: string } {
  const at = table.indexOf('.');
  return at < 0
    ? { schema: 'public', name: table }
    : { schema: table.slice(0, at), name: table.slice(at + 1) };
}

/** `"public"."orders"` */
export function quoteTable(table: string): string {
  const { schema, name } = splitTable(table);
  return `${quoteIdentifier(schema)}.${quoteIdentifier(name)}`;
}

/** `public.orders`, quoted only where it must be. */
export function quoteTableIfNeeded(table: string): string {
  const { schema, name } = splitTable(table);
  return `${quoteIfNeeded(schema)}.${quoteIfNeeded(name)}`;
}

/** As in the text of a template, where a part may follow: quoted only where it must be. */
export function quoteIfNeeded(name: string): string {
  return /^[a-z_][a-z0-9_$]*$/.test(name) ? name : quoteIdentifier(name);
}
