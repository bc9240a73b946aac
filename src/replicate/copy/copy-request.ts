import type { Table } from '../../catalog/index.ts';
import type { Owner } from '../../ledger/index.ts';
import type { Clock, Log, Progress } from '../../service/index.ts';
import type { ConnectionTarget } from '../../session/index.ts';
import type { Lsn } from '../../wire/index.ts';

/** A table with rows on the source (plain, or a leaf partition) and where its rows go. */
export interface CopyTable {
  readonly source: Table;
  /** May be partitioned; then its partitions are filled through it. Several sources may share one. */
  readonly target: Table;
  readonly format: 'binary' | 'text';
  /** Published and not generated, by name; the target takes them under the same names. */
  readonly columns: readonly string[];
}

export interface CopyRequest {
  readonly source: ConnectionTarget;
  readonly target: ConnectionTarget;
  readonly owner: Owner;
  readonly tables: readonly CopyTable[];
  /** Exported and held open by the caller; every commit before `lsn` is in it, none after. */
  readonly snapshot: { readonly name: string; readonly lsn: Lsn };
  /** Aborts when the session that holds the snapshot has ended. */
  readonly snapshotLost: AbortSignal;
  /** Sessions that copy at once, on each side. */
  readonly jobs: number;
  /** Heap and TOAST of the source per transaction of the target; default: see `rangeBytesFor`. */
  readonly rangeBytes?: number | undefined;
  /** Smaller source tables are filled with their indexes in place; default 1 MiB. */
  readonly keepIndexesBelowBytes?: number | undefined;
  /**
   * Tables are ready with their statistics, and VACUUM goes on beside what the caller does next; see
   * `CopySummary.vacuum`. Default false: they are ready when they are vacuumed.
   */
  readonly vacuumsLater?: boolean | undefined;
  readonly log: Log;
  readonly progress: Progress;
  /** Told of every committed range. */
  readonly onCopied?: ((copied: { rows: number; bytes: number }) => void) | undefined;
  readonly signal: AbortSignal;
  readonly clock?: Clock | undefined;
}

export interface CopiedTable {
  /** Of the source. */
  readonly schema: string;
  readonly name: string;
  readonly rows: number;
  /** As they travelled, framing included. */
  readonly bytes: number;
  /** From its first range to its last. */
  readonly seconds: number;
}

export interface CopySummary {
  /** What this call copied; tables that were copied before are not in it. */
  readonly tables: readonly CopiedTable[];
  readonly rows: number;
  readonly bytes: number;
  readonly seconds: number;
  /**
   * The end of the target's WAL after all of it. Its sessions commit without waiting for the disk: confirm
   * nothing to the source before the target has flushed up to here (P2).
   */
  readonly targetLsn: Lsn;
  readonly vacuum: BackgroundVacuum;
}

/** VACUUM only makes later reads cheaper: nobody need wait for it, and the server would do it in time. */
export interface BackgroundVacuum {
  /** Never rejects; what fails is logged. */
  readonly done: Promise<void>;
  /** Leaves the rest to the server's autovacuum; resolves when our sessions have ended. */
  stop(): Promise<void>;
}
