import type { PackedConfig } from '../threads/pack-config.ts';
import type { SharedOperation, ThreadReport } from '../threads/other-threads.ts';
import type { Counters } from '../counters.ts';
import type { LastNumbers } from '../pooler.ts';

/** What the two processes ask each other; the new one asks unless it says otherwise. */

/** The answer to `begin`, behind the listening sockets. */
export interface Begun {
  readonly pid: number;
  /** How many processes have handed over, this one included. */
  readonly generation: number;
  /** Behind all that the old process may still give out. */
  readonly numbers: LastNumbers;
  readonly paused: readonly string[];
  readonly disabled: readonly string[];
  readonly held: Held;
}

/** By `ready`: the new process serves, and the old one is to leave. */
export interface ReadyAsked {
  /** Listening sockets that it goes on with. */
  readonly taken: readonly string[];
}

/** By `held`, from the old process: what it still has, which counts towards the limits of the new one. */
export interface Held {
  readonly servers: readonly HeldCount[];
  /** Null: as it was told before. */
  readonly clients: readonly HeldCount[] | null;
}

export interface HeldCount {
  readonly database: string;
  readonly user: string;
  readonly count: number;
}

/** By `operate`. */
export interface OperateAsked {
  readonly operation: SharedOperation;
  readonly args: readonly (string | number | null)[];
  /** A new one, for `reload`. */
  readonly config: PackedConfig | null;
}

/** By `over`, from the old process: it has nobody left. */
export interface OverAsked {
  readonly report: ThreadReport;
  readonly past: Counters;
}
