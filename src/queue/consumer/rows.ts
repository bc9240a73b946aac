/** A row of a statement of ours, whose values are text. */
export type Row = Readonly<Record<string, unknown>>;

export function textOf(row: Row | undefined, column: string): string {
  const value = row?.[column];
  if (typeof value !== 'string') throw new TypeError(`column ${column} is not text`);
  return value;
}

export function textOrNull(row: Row | undefined, column: string): string | null {
  const value = row?.[column];
  return value === null || value === undefined ? null : textOf(row, column);
}

export function numberOf(row: Row | undefined, column: string): number {
  return Number(textOf(row, column));
}

/** `t` of a session of ours, true of a `pg` client. */
export function isTrue(row: Row | undefined, column: string): boolean {
  const value = row?.[column];
  return value === true || value === 't';
}
