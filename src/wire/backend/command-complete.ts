import { MessageReader } from '../message-reader.ts';

export interface CommandComplete {
  /** As sent: `INSERT 0 5`, `CREATE TABLE`. */
  readonly tag: string;
  /** The number at the tag's end; null for commands that count nothing. */
  readonly rowCount: number | null;
}

const countPattern = / (\d+)$/;

export function decodeCommandComplete(bytes: Buffer, start: number, end: number): CommandComplete {
  const reader = new MessageReader('CommandComplete', bytes, start, end);
  const tag = reader.text();
  reader.finish();
  const count = countPattern.exec(tag)?.[1];
  return { tag, rowCount: count === undefined ? null : Number(count) };
}
