import type { BackendKeyData, ScramKeys } from '../../wire/index.ts';
import type { ClientAddress } from '../auth/index.ts';

/**
 * What goes with a connection to another process, as it can be posted there. Times are ages in microseconds:
 * the clocks of two processes begin at different moments. Never to be logged.
 */

/** A prepared statement under the name that servers know it by. */
export interface PackedStatement {
  readonly serverName: string;
  /** Of its Parse message; empty when SQL made it. */
  readonly tail: Buffer;
  /** What SQL made it with; null: a Parse did. */
  readonly definition: string | null;
}

/** A pool: who it is, and how its servers log in. */
export interface PackedPool {
  readonly database: string;
  readonly user: string;
  readonly password: string | null;
  readonly scramKeys: ScramKeys | null;
  /** What servers report at login; null: not known yet. */
  readonly welcome: ReadonlyMap<string, string> | null;
}

export interface PackedParameters {
  readonly names: readonly string[];
  readonly values: readonly (string | null)[];
}

/** Statements are told by `PackedStatement` before; here they are names of servers. */
export interface PackedClient {
  readonly id: number;
  readonly user: string;
  readonly from: ClientAddress;
  readonly parameters: PackedParameters;
  readonly cancelPid: number;
  readonly cancelKey: Buffer;
  readonly connectedAtMs: number;
  readonly requestedAtMs: number;
  readonly pinReason: string | null;
  /** By the client's own names. */
  readonly statements: readonly (readonly [name: string, serverName: string])[];
  /** A text, where it is the client's alone; a name, where servers know it. */
  readonly unnamed: Buffer | string | null;
  /** What it has sent and nobody has looked at. */
  readonly unsent: Buffer;
  /** How long it has waited for a server; 0: it does not. */
  readonly waitedUs: number;
  readonly isWaitNotified: boolean;
}

export interface PackedServer {
  readonly id: number;
  readonly place: { readonly host: string; readonly port: number };
  readonly key: BackendKeyData;
  readonly parameters: PackedParameters;
  readonly connectedAtMs: number;
  readonly requestedAtMs: number;
  /** I, T or E. */
  readonly status: number;
  readonly isDirty: boolean;
  readonly wasPinned: boolean;
  readonly closeReason: string | null;
  /** The last used at the end; and those that may be there all the same. */
  readonly statements: readonly string[];
  readonly doubtful: readonly string[];
  /** Since its transaction began, and since its last answer; 0: there is none. */
  readonly transactionUs: number;
  readonly answeredUs: number;
}

/** Notes that a statement goes along. @returns its name */
export type TellStatement = (statement: PackableStatement) => string;

/** A `Statement`. */
export interface PackableStatement {
  readonly serverName: string;
  pack(): PackedStatement;
}
