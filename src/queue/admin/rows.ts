/** Cells of a row that a session of ours or a `pg` client has read: text, or parsed. */
type Row = Readonly<Record<string, unknown>>;

export function text(row: Row, column: string): string {
  const value = texts(row, column);
  if (value === null) throw new TypeError(`column ${column} is null`);
  return value;
}

export function texts(row: Row, column: string): string | null {
  const value = row[column];
  if (value === null || value === undefined) return null;
  if (value instanceof Date) return value.toISOString();
  return typeof value === 'string' ? value : JSON.stringify(value);
}

export function number(row: Row, column: string): number | null {
  const value = texts(row, column);
  return value === null ? null : Number(value);
}

export function flag(row: Row, column: string): boolean {
  const value = row[column];
  return value === true || value === 't' || value === 'true';
}
