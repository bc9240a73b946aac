import type { BacklogLimits } from '../stream/index.ts';
import type { Lsn } from '../wire/index.ts';
import type { ApplyLimits } from './apply/applier.ts';

/** One pipeline: which tables of which database are kept in which other database, and how. */
export interface ReplicationOptions {
  /** Connection string of the database that is copied and followed. */
  readonly source: string;
  /** Connection string of the database it arrives in; its tables exist already. */
  readonly target: string;
  /** Names the pipeline, one per target; default: the names of the two databases. */
  readonly name?: string | undefined;
  /** Patterns as `compilePatterns` takes them; default: every table. */
  readonly tables?: readonly string[] | undefined;
  /** What to do with a table that has no usable replica identity. Default `refuse`. */
  readonly tablesWithoutKey?: 'refuse' | 'insert_only' | undefined;
  /** Connections that copy at once, on each side. Default 4. */
  readonly copyJobs?: number | undefined;
  /** Copy what is not copied yet, follow to where the source is when following begins, and finish. */
  readonly once?: boolean | undefined;
  /** Follow to this position of the source, and finish. */
  readonly until?: Lsn | undefined;
  /** synchronous_commit of the apply session. Default `off`: see P2. */
  readonly synchronousCommit?: 'off' | 'local' | 'on' | undefined;
  readonly spill?:
    | {
        readonly mode?: 'temporary' | 'durable' | undefined;
        readonly directory?: string | undefined;
        readonly maxBytes?: number | undefined;
      }
    | undefined;
  /** When and how a backlog of the slot is read through SQL instead of by a walsender. */
  readonly backlog?: Partial<BacklogLimits> | undefined;
  /** How long a server may keep silent before its connections are given up. Default 60 s. */
  readonly silenceLimitMs?: number | undefined;
  /** The check has been made and blocks nothing: the first attempt leaves it out. */
  readonly isChecked?: boolean | undefined;
  readonly applyLimits?: Partial<ApplyLimits> | undefined;
}
