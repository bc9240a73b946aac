import { parseLsn, type Lsn } from '../wire/index.ts';

/** One row as the ledger's statements return it: every column cast to text. */
export type Row = Record<string, unknown>;

export function text(row: Row, column: string): string {
  const value = row[column];
  if (typeof value !== 'string') throw new TypeError(`ledger column ${column} is not text`);
  return value;
}

export function textOrNull(row: Row, column: string): string | null {
  return row[column] === null ? null : text(row, column);
}

export function lsnOrNull(row: Row, column: string): Lsn | null {
  const value = textOrNull(row, column);
  return value === null ? null : parseLsn(value);
}

export function numberOrNull(row: Row, column: string): number | null {
  const value = textOrNull(row, column);
  return value === null ? null : Number(value);
}
