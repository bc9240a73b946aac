import type { DatabaseEntry } from './config/index.ts';

/** A name that clients connect to, and what is true of all its pools. */
export class Database<P = unknown> {
  readonly name: string;
  entry: DatabaseEntry;
  /** Made from `*` because a client asked for it. */
  isAutomatic: boolean;
  /** The configuration has it no more: nobody new comes in, and it is forgotten after its last server. */
  isGone = false;
  isPaused = false;
  /** New clients are refused. */
  isDisabled = false;
  /** Logged-in servers of all pools and logins under way; logged-in clients. */
  serverCount = 0;
  clientCount = 0;
  usedAtMs = Date.now();
  readonly pools = new Map<string, P>();
  /** Which host the next server is opened at. */
  nextHost = 0;

  constructor(name: string, entry: DatabaseEntry, isAutomatic: boolean) {
    this.name = name;
    this.entry = entry;
    this.isAutomatic = isAutomatic;
  }

  /** What the server calls it. */
  get serverName(): string {
    return this.entry.dbname ?? this.name;
  }
}
