import type { ConsoleAccess } from '../auth/index.ts';
import type { Operations } from '../operations.ts';
import type { Pooler } from '../pooler.ts';
import type { Traffic } from '../traffic.ts';
import type { Merge, OtherThreads } from '../threads/other-threads.ts';
import type { Leg } from '../leg.ts';
import type { Word } from './parse-command.ts';
import type { Statistics } from './statistics.ts';
import type { Column, Cell, Table } from './values.ts';

/** What commands work with. */
export interface ConsoleContext {
  readonly pooler: Pooler;
  readonly operations: Operations;
  readonly statistics: Statistics;
  /** What the console itself has done: it is shown as a database, too. */
  readonly traffic: Traffic;
  readonly sessions: ReadonlySet<SessionFacts>;
  /** Of the program. */
  readonly version: string;
  /** The other threads of the pooler; null: there are none. */
  readonly others: OtherThreads | null;
}

/** An operator's connection, as SHOW CLIENTS tells it. */
export interface SessionFacts {
  readonly id: number;
  readonly leg: Leg;
  readonly user: string;
  readonly access: ConsoleAccess;
  readonly applicationName: string;
  readonly connectedAtMs: number;
  readonly requestedAtMs: number;
  readonly statementCount: number;
  /** Ends the connection with a FATAL error. */
  kill(reason: string): void;
  /** Until RESUME, or the end of this session. */
  suspend(): Promise<void>;
}

/** What the asker gets before its ReadyForQuery. */
export interface Answer {
  readonly tag: string;
  readonly notice?: { readonly message: string; readonly detail?: string };
  readonly table?: Table;
}

/** A command as it was asked for. */
export interface Asked extends Action {
  /** For the log: without secrets. */
  readonly text: string;
}

/** What a command does, once it is known that it is one, and whose. */
export interface Action {
  readonly needsAdmin: boolean;
  /** It changes something: who asked for it is in the log. */
  readonly isOperation?: true;
  /** The columns of its answer, known before it runs; null: it has none. */
  readonly columns: readonly Column[] | null;
  run(context: ConsoleContext, signal: AbortSignal, asker: SessionFacts): Answer | Promise<Answer>;
}

/** One command of the console: one file in commands/, one line in commands/index.ts. */
export interface Command {
  /** Its first word, in capitals. */
  readonly name: string;
  /** @returns null: this is not what it takes */
  parse(words: readonly Word[]): Action | null;
}

/** One thing to SHOW: one file in show/, one line in show/index.ts. */
export interface Show {
  /** In capitals. */
  readonly name: string;
  readonly needsAdmin?: boolean;
  readonly columns: readonly Column[];
  /** How rows of several threads become one table; absent: they are the same in all. */
  readonly merge?: Merge;
  /** Of this thread. */
  rows(context: ConsoleContext): Cell[][];
}
