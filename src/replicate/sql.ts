import { readFileSync } from 'node:fs';

/** The text of one SQL operation of this room, `<path>.sql`, beside the code also when built. */
export function loadSql(path: string): string {
  return readFileSync(new URL(`./${path}.sql`, import.meta.url), 'utf8');
}

/** A column that the operation casts to text; null is SQL NULL. */
export function textOf(row: Record<string, unknown>, column: string): string | null {
  const value = row[column];
  if (value === null) return null;
  if (typeof value !== 'string') throw new TypeError(`column ${column} is cast to text`);
  return value;
}
