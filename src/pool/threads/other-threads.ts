import type { MetricFamily } from '../../service/index.ts';
import type { PackedConfig } from './pack-config.ts';
import type { Cell } from '../console/values.ts';
import type { Counters } from '../counters.ts';

/** What a thread tells of itself for the one console. */
export interface ThreadReport {
  /** Rows of each SHOW by its name. */
  readonly shows: ReadonlyMap<string, Cell[][]>;
  /** What has gone through it, by database. */
  readonly totals: ReadonlyMap<string, Counters>;
  readonly metrics: readonly MetricFamily[];
}

/** How rows of the same SHOW from several threads become one table. */
export type Merge =
  /** Every thread's rows are its own. */
  | 'all'
  /** One row for each value of the first `by` columns; the named columns are added up, or the largest is taken. */
  | {
      readonly by: number;
      readonly sum: readonly string[];
      /** Only in rows that begin with one of these words; the others are the same in all threads. */
      readonly sumOnly?: readonly string[];
      readonly largest?: readonly string[];
    };

/** Names of operations that all threads do together. */
export type SharedOperation =
  | 'pause'
  | 'resume'
  | 'disable'
  | 'enable'
  | 'reconnect'
  | 'waitClose'
  | 'kill'
  | 'killClient'
  | 'suspend'
  | 'reload'
  | 'set'
  | 'shutdown';

/** The other threads of a pooler, as its console and operations see them. */
export interface OtherThreads {
  /**
   * Does the same in all of them; in `thread` alone where that is given.
   *
   * @throws Refusal  the first of theirs
   */
  operate(
    operation: SharedOperation,
    args: readonly (string | number | null)[],
    signal?: AbortSignal,
  ): Promise<void>;
  /** Asks each for a new report. */
  refresh(): Promise<void>;
  /** As they were at the last refresh, which is never older than a second. */
  readonly reports: readonly ThreadReport[];
}

/** What the first thread asks the others for by `operate`. */
export interface OperationAsked {
  readonly operation: SharedOperation;
  readonly args: readonly (string | number | null)[];
  /** A new one, for `reload`. */
  readonly config: PackedConfig | null;
}

/** By `cancel`, in both directions. */
export interface CancelAsked {
  readonly pid: number;
  /** Hexadecimal. */
  readonly key: string;
}

/** By `log`. */
export interface LogLine {
  readonly level: 'debug' | 'info' | 'warn' | 'error';
  readonly message: string;
  readonly fields: Readonly<Record<string, unknown>>;
}
