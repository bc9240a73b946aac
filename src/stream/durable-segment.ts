import type { FileHandle } from 'node:fs/promises';
import type { Lsn } from '../wire/index.ts';
import type { ValueFormat } from './log-file.ts';

/** Records `[at, end)` of a file; of the first one the messages from `from` on, of the last those before `to`. */
export interface Run {
  readonly segment: DurableSegment;
  at: number;
  end: number;
  from: number;
  /** Null: all. */
  to: number | null;
}

/** One file of the log. Begins and ends between transactions. */
export interface DurableSegment {
  readonly path: string;
  readonly file: FileHandle;
  /** Where the one before ended; null in a file whose head was never written. */
  from: Lsn | null;
  /** Of the values in it; null in a file whose head was never written. */
  format: ValueFormat | null;
  bytes: number;
  /** Behind the last whole transaction in it; null while there is none. */
  endLsn: Lsn | null;
}
