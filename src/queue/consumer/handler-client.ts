import type { Client } from 'pg';
import type { Tx } from '../../ledger/index.ts';
import { ConnectionWatch, explained } from './connection-watch.ts';
import { createPgClient, type ConnectionTarget } from '../../session/index.ts';

/** Handlers' SQL means what it means everywhere else in the application. */
const inherited = [
  'search_path',
  'row_security',
  'TimeZone',
  'DateStyle',
  'IntervalStyle',
  'statement_timeout',
  'lock_timeout',
];

/** A server that works for a process that is gone notices, and lets go of what it holds. */
const noticesLoss = { client_connection_check_interval: '2s' };

export interface HandlerOptions {
  readonly purpose: string;
  /** How long a statement may take; undefined leaves that to the database. */
  readonly timeoutMs: number | undefined;
  /** A pooler is in between, which keeps no settings: statements take as long as they take. */
  readonly isPooled: boolean;
}

/**
 * The `pg` client that handlers get. What makes room for a handler's work (`BEGIN`, a savepoint) is sent when the
 * handler sends its first query, so that a handler without queries costs no round trip:
 *
 *     connection.prepare('BEGIN')
 *     tx.query('INSERT ...')        // the server gets BEGIN, then INSERT
 */
export class HandlerClient {
  readonly client: Client;
  /** SQL of ours: nothing prepared is sent before it. */
  readonly own: Tx;
  readonly #watch: ConnectionWatch;
  /** Ends an attempt to connect: its server may never answer. */
  readonly #ending = new AbortController();
  readonly #connectClient: () => Promise<unknown>;
  #connecting: Promise<void> | null = null;
  #isConnected = false;
  #prepared: string | null = null;
  /** What was prepared is on its way: a query behind it waits, for `pg` takes one at a time. */
  #preparing: Promise<unknown> | null = null;
  #sawError = false;

  constructor(db: ConnectionTarget | string, { purpose, timeoutMs, isPooled }: HandlerOptions) {
    const limits = timeoutMs === undefined ? {} : { statement_timeout: String(timeoutMs) };
    const settings = { ...noticesLoss, ...limits };
    const client = createPgClient(db, {
      purpose,
      inherit: inherited,
      settings,
      isPooled,
      signal: this.#ending.signal,
    });
    const query: unknown = client.query.bind(client);
    this.client = client;
    this.#watch = new ConnectionWatch(client);
    this.own = explained(client, this.#watch);
    this.#connectClient = () => client.connect();
    Reflect.set(client, 'query', (...args: unknown[]) => this.#queryOfHandler(query, args));
  }

  /** Sent before a handler's next query, in place of what was prepared before. */
  prepare(sql: string | null): void {
    this.#prepared = sql;
    this.#sawError = false;
  }

  /** A handler has sent a query since `prepare`. */
  get wasUsed(): boolean {
    return this.#prepared === null;
  }

  get isInTransaction(): boolean {
    return this.#isConnected && this.client.getTransactionStatus() !== 'I';
  }

  /** Resolves when a handler's queries are on their way, those too that it does not wait for. */
  async sent(): Promise<void> {
    await this.#preparing;
  }

  /** A statement in the transaction has failed, and the handler did not go back to a savepoint before it. */
  async hasFailed(): Promise<boolean> {
    if (!this.#sawError) return false;
    // The client hears of the error first, and of the transaction's state only when the server is ready again.
    await this.own.query('');
    return this.client.getTransactionStatus() === 'E';
  }

  /** After an error: whether the connection is gone. */
  isLost(): Promise<boolean> {
    return this.#watch.isLost();
  }

  connect(): Promise<void> {
    this.#connecting ??= this.#connectClient().then(() => {
      this.#isConnected = true;
    });
    return this.#connecting;
  }

  async end(): Promise<void> {
    if (this.#connecting === null) return;
    this.#ending.abort(new Error('its consumer has ended'));
    await this.#connecting.catch(() => undefined);
    // A client that has lost its connection does not always answer that it has ended it.
    await Promise.race([this.client.end(), this.#watch.ended]);
  }

  #queryOfHandler(query: unknown, args: unknown[]): unknown {
    if (!this.#isConnected) return this.connect().then(() => this.#sendOfHandler(query, args));
    return this.#sendOfHandler(query, args);
  }

  #sendOfHandler(query: unknown, args: unknown[]): unknown {
    const prepared = this.#prepared;
    this.#prepared = null;
    // Should this fail, so does the query behind it, and tells the handler.
    if (prepared !== null) {
      this.#preparing = this.own.query(prepared).then(
        () => (this.#preparing = null),
        () => (this.#preparing = null),
      );
    }
    // A cursor or a stream is to be returned at once; `pg` keeps it until it is its turn.
    if (this.#preparing === null || isSubmittable(args[0])) return this.#send(query, args);
    return this.#preparing.then(() => this.#send(query, args));
  }

  #send(query: unknown, args: unknown[]): unknown {
    if (typeof query !== 'function') return undefined;
    const result: unknown = Reflect.apply(query, this.client, args);
    if (result instanceof Promise) result.catch(() => (this.#sawError = true));
    return result;
  }
}

function isSubmittable(query: unknown): boolean {
  return typeof query === 'object' && query !== null && 'submit' in query;
}
