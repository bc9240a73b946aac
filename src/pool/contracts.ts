import type { ServerMessageFields } from '../errors/index.ts';
import type { Log } from '../service/index.ts';
import type { TlsTarget } from '../session/index.ts';
import type {
  AuthenticationSecret,
  BackendKeyData,
  MessageBuffer,
  Notification,
  ScramKeyCache,
} from '../wire/index.ts';
import type { Credentials } from './auth/index.ts';
import type { PoolMode, PoolSettings } from './config/index.ts';
import type { Database } from './database.ts';
import type { DnsCache } from './dns-cache.ts';
import type { Expectations, Mark } from './expectations.ts';
import type { Leg } from './leg.ts';
import type { ParameterSet, TrackedNames } from './parameters.ts';
import type { PreparedStatements } from './prepared-statements.ts';
import type { QueryRewriter } from './query-rewriter.ts';
import type { Remembered } from './remembered.ts';
import type { Route } from './route.ts';
import type { Statement, StatementCache } from './statements.ts';
import type { Traffic } from './traffic.ts';

/**
 * What the parts of a pool know of one another. Client, server and pool call each other all the time; each
 * is written against these, and only Pool and Pooler know the classes.
 */

/** A server as its client and its pool see it. `ServerConnection` keeps the promise. */
export interface PooledServer {
  readonly id: number;
  readonly leg: Leg;
  readonly key: BackendKeyData;
  readonly place: ServerPlace;
  readonly pool: PoolOfServers;
  readonly expected: Expectations;
  readonly prepared: PreparedStatements;
  readonly parameters: ParameterSet;
  client: PooledClient | null;
  isCopyIn: boolean;
  isDirty: boolean;
  wasPinned: boolean;
  requestedAtMs: number;
  cancelsUnderWay: number;
  /** Who has it or had it last, by id; 0: nobody. */
  lastClientId: number;
  /** Its client asks it for nothing yet, since it has it or its last transaction is over. */
  readonly isBeforeTransaction: boolean;
  readonly hasFailed: boolean;
  readonly refusesRequests: boolean;
  readonly isMidReply: boolean;
  readonly isFree: boolean;
  enter(state: ServerState): void;
  expect(kind: number, mark?: Mark | null): void;
  queueOwn(text: string, after: ((error: ServerMessageFields | null) => void) | null): void;
  /** Marks the next request as one that uses a statement the server has had for a while. */
  markUse(statement: Statement): Mark | null;
  /** Sends what has been composed. */
  send(): void;
  becomeSynced(): void;
  emitFakes(): void;
  abandon(isMidMessage: boolean): void;
  close(reason: string): void;
}

/** `tested`: a query of ours is under way, before it is given to a client or after it came back. */
export type ServerState = 'idle' | 'active' | 'tested' | 'closed';

/** A client as its server sees it. `ClientConnection` keeps the promise. */
export interface PooledClient {
  readonly id: number;
  readonly user: string;
  readonly leg: Leg;
  readonly pinReason: string | null;
  readonly isMidMessage: boolean;
  readonly requestedAtMs: number;
  waitingSinceUs: number;
  onParameter(current: ParameterSet): void;
  onAnswered(server: PooledServer): void;
  wantsOtherwise(name: string, value: string): boolean;
  forgetState(isAll: boolean): void;
  /** Its server has state of it that no other has. */
  keepServer(reason: string): void;
  onServerLost(reason: string | null): void;
  tellError(fields: ServerMessageFields): void;
  resumeWith(server: PooledServer): void;
  unlink(): void;
  /** What it sends waits until `release`. */
  hold(): void;
  release(): void;
  fail(sqlstate: string, reason: string, message?: string): void;
}

/** A pool as its clients and servers see it. */
export interface PoolOfServers extends ServerSource {
  readonly pooler: PoolerOfPools;
  readonly mode: PoolMode;
  readonly sharesStatements: boolean;
  readonly looksAtTexts: boolean;
  readonly rewriter: QueryRewriter;
  readonly hub: ChannelHub;
  readonly traffic: Traffic;
  /** SETs of which a server of it has told whether it takes them. */
  readonly knownSettings: Remembered<boolean>;
  acquire(client: PooledClient): PooledServer | null;
  stopWaiting(client: PooledClient): void;
  onTransactionEnd(server: PooledServer, client: PooledClient): void;
  onTransactionOpen(server: PooledServer): void;
  onServerFree(server: PooledServer): void;
  onServerClosed(server: PooledServer): void;
  onClientLeft(client: PooledClient, reason: string): void;
  onNotification(server: PooledServer, notification: Notification): void;
}

/** LISTEN for clients that have no server of their own. */
export interface ChannelHub {
  listen(channel: string, listener: Listening): Promise<void>;
  unlisten(channel: string, listener: Listening): void;
  unlistenAll(listener: Listening): void;
}

/** Who hears a channel. */
export interface Listening {
  onNotification(notification: Notification): void;
  /** What was notified from now on is lost to it. */
  onHubLost(): void;
}

/** The pooler as connections see it. */
export interface PoolerOfPools extends ServerFacts {
  readonly log: Log;
  readonly outputs: Outputs;
  readonly statements: StatementCache;
  /** Null: everything goes where its client is connected to. */
  readonly route: Route | null;
  /** The pool of another database for clients of `home`. @throws Refusal  there is no such database */
  routedPool(database: string, home: PoolOfServers): PoolOfServers;
  readonly tracked: TrackedNames;
}

/** What every connection of one thread writes through. One composition at a time each. */
export interface Outputs {
  readonly toClient: MessageBuffer;
  readonly toServer: MessageBuffer;
}

/** Whose servers are opened. */
export interface ServerSource {
  readonly database: Database;
  /** As whom servers log in. */
  readonly user: string;
  readonly credentials: Credentials;
  readonly pooler: ServerFacts;
}

/** What opening a server needs to know. */
export interface ServerFacts {
  readonly log: Log;
  readonly settings: PoolSettings;
  readonly dns: DnsCache;
  readonly scramKeys: ScramKeyCache;
  serverTls(database: Database): TlsTarget;
  /** How servers log in; null: there is nothing to answer a request for a password with. */
  serverSecretOf(source: ServerSource): AuthenticationSecret | null;
}

/** What a server is just after its login. */
export interface LoggedIn {
  readonly leg: Leg;
  readonly key: BackendKeyData;
  /** Everything it reported. */
  readonly reported: ReadonlyMap<string, string>;
  /** Where it is, for messages and the console. */
  readonly place: ServerPlace;
  readonly isEncrypted: boolean;
}

export interface ServerPlace {
  readonly host: string;
  readonly port: number;
}
