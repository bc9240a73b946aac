import type { Notification } from '../wire/index.ts';
import { isSameServerSecret, type Credentials } from './auth/index.ts';
import type { ClientConnection } from './client-connection.ts';
import type { PoolerConfig, PoolMode } from './config/index.ts';
import type { LoggedIn, PoolerOfPools, PoolOfServers } from './contracts.ts';
import type { Database } from './database.ts';
import type { Limits } from './limits.ts';
import { ListenHub, type HubOwner } from './listen-hub.ts';
import { cachedFailure, loginFailureOf, refusalOf, type LoginFailure } from './login-failure.ts';
import { ParameterSet } from './parameters.ts';
import { Remembered } from './remembered.ts';
import { Refusal } from './refusal.ts';
import type { QueryRewriter } from './query-rewriter.ts';
import { ServerConnection } from './server-connection.ts';
import { openServer } from './server-login.ts';
import type { SharedCount } from './threads/shared-counts.ts';
import { nowUs, Traffic } from './traffic.ts';

/** Logins under way at once for one pool: a burst of clients must not become a burst of backends. */
const mostLogins = 4;

/** What a pool asks of its pooler. */
export interface PoolHost extends PoolerOfPools {
  readonly config: PoolerConfig;
  readonly isPaused: boolean;
  readonly isSuspended: boolean;
  rewriterFor(mode: PoolMode): QueryRewriter;
  readonly limits: Limits;
  /** Takes a place for one more server of the pool, of which there may be `most`; false: there is none. */
  claimServer(pool: Pool, most: number): boolean;
  countServer(pool: Pool): void;
  releaseServer(pool: Pool): void;
  countListener(pool: Pool): void;
  releaseListener(pool: Pool): void;
  onLoginFailed(pool: Pool, error: unknown): void;
  nextServerId(): number;
  onServerOpened(server: ServerConnection): void;
  onServerClosed(server: ServerConnection): void;
  readonly changes: { tell(): void };
  adoptClient(client: ClientConnection): void;
  moveClient(client: ClientConnection): void;
  onClientLeft(client: ClientConnection, reason: string): void;
  onNotification(server: ServerConnection, notification: Notification): void;
}

/**
 * The servers of one database and user, and the clients that use them or wait for one.
 *
 * Waiting is first come, first served: a server that gets free goes straight to the client that waits
 * longest, and only without one to the idle servers.
 */
export class Pool implements PoolOfServers, HubOwner {
  readonly pooler: PoolHost;
  readonly database: Database<Pool>;
  /** As whom servers log in. */
  readonly user: string;
  readonly traffic = new Traffic();
  readonly clients = new Set<ClientConnection>();
  readonly waiting = new Set<ClientConnection>();
  /** All logged-in servers; `idle` are those that nobody uses, the last used at the end. */
  readonly servers = new Set<ServerConnection>();
  /** Over all threads: servers and logins under way, and clients that wait. */
  readonly serverCount: SharedCount;
  readonly waitingCount: SharedCount;
  readonly idle: ServerConnection[] = [];
  loginsUnderWay = 0;
  failure: LoginFailure | null = null;
  readonly knownSettings = new Remembered<boolean>(1_000);
  /** How many times all its servers were to be replaced. */
  retirements = 0;
  /** What servers report at login; null until the first has. */
  welcome: ReadonlyMap<string, string> | null = null;
  usedAtMs = Date.now();
  /** Settings that the hot path asks for, as they are for this pool. */
  mode: PoolMode = 'session';
  sharesStatements = false;
  looksAtTexts = false;
  rewriter: QueryRewriter;
  /** Listens for clients that have no server of their own. */
  readonly hub: ListenHub;

  /** How many servers are left to it while another process takes over; null: none does. */
  sizeLeft: number | null = null;

  /** Idle ones that are looked at before they are used. */
  readonly #checked = new Set<ServerConnection>();
  #credentials: Credentials;
  readonly #welcomes: PromiseWithResolvers<ReadonlyMap<string, string>>[] = [];

  constructor(pooler: PoolHost, database: Database<Pool>, credentials: Credentials) {
    this.pooler = pooler;
    this.database = database;
    this.user = credentials.user;
    this.#credentials = credentials;
    this.serverCount = pooler.limits.serversOfPool(database.name, this.user);
    this.waitingCount = pooler.limits.waitingInPool(database.name, this.user);
    this.hub = new ListenHub(this);
    this.rewriter = pooler.rewriterFor(this.mode);
    this.configure();
  }

  /** Takes over what the configuration says now. */
  configure(): void {
    const { settings, config } = this.pooler;
    const user = config.users.get(this.user);
    this.mode = user?.poolMode ?? this.database.entry.poolMode ?? settings.pool_mode;
    this.sharesStatements = this.mode !== 'session' && settings.max_prepared_statements > 0;
    this.looksAtTexts = this.sharesStatements || this.mode === 'auto';
    this.rewriter = this.pooler.rewriterFor(this.mode);
    this.failure = null;
  }

  get credentials(): Credentials {
    return this.#credentials;
  }

  /** A refusal of others says nothing about these. */
  set credentials(credentials: Credentials) {
    const isSame = isSameServerSecret(this.#credentials, credentials);
    this.#credentials = credentials;
    if (!isSame && this.failure?.isRefusal === true) this.failure = null;
  }

  /** What the configuration says, or less while another process takes over. */
  get size(): number {
    return this.sizeLeft ?? this.configuredSize;
  }

  get configuredSize(): number {
    const user = this.pooler.config.users.get(this.user);
    return user?.poolSize ?? this.database.entry.poolSize ?? this.pooler.settings.default_pool_size;
  }

  get reserveSize(): number {
    const user = this.pooler.config.users.get(this.user);
    return (
      user?.reservePoolSize ??
      this.database.entry.reservePoolSize ??
      this.pooler.settings.reserve_pool_size
    );
  }

  get isPaused(): boolean {
    const { pooler, database, hub } = this;
    return pooler.isPaused || pooler.isSuspended || database.isPaused || hub.isMoving;
  }

  /** A server for a client that has a request; null: it waits, and `resumeWith` is called later. */
  acquire(client: ClientConnection): ServerConnection | null {
    this.usedAtMs = client.requestedAtMs;
    if (this.waiting.size === 0 && !this.isPaused) {
      const server = this.#takeIdle();
      if (server !== null) return server;
    }
    client.waitingSinceUs = nowUs();
    this.waiting.add(client);
    this.waitingCount.add(1);
    if (!this.isPaused) this.grow();
    return null;
  }

  stopWaiting(client: ClientConnection): void {
    if (this.waiting.delete(client)) this.waitingCount.add(-1);
  }

  /** A transaction is over; what that means depends on the mode. */
  onTransactionEnd(server: ServerConnection, client: ClientConnection): void {
    this.pooler.changes.tell();
    if (this.mode === 'session' || client.pinReason !== null || client.isMidMessage) {
      client.tellNotifications();
      if (server.closeReason !== null && this.pooler.settings.server_fast_close) {
        server.close(server.closeReason);
      }
      return;
    }
    server.client = null;
    client.unlink();
    this.onServerFree(server);
  }

  /** The server has answered and its transaction goes on. */
  onTransactionOpen(server: ServerConnection): void {
    this.pooler.changes.tell();
    if (this.mode !== 'statement' || !server.isInTransaction) return;
    server.client?.fail('08P01', 'transaction blocks not allowed in statement pooling mode');
  }

  /** Nobody has the server, and nothing is due from it. */
  onServerFree(server: ServerConnection): void {
    this.#checked.delete(server);
    if (server.state === 'closed') return;
    if (server.closeReason !== null) return server.close(server.closeReason);
    if (server.cancelsUnderWay > 0) {
      server.enter('tested');
      return;
    }
    if (this.#needsReset(server)) return this.#reset(server);
    // Without a query that resets it, what it holds stays its client's alone.
    if (server.wasPinned) return server.close('its client had state of its own');
    this.#offer(server);
  }

  onServerClosed(server: ServerConnection): void {
    this.#checked.delete(server);
    this.servers.delete(server);
    this.#dropIdle(server);
    this.database.serverCount--;
    this.pooler.releaseServer(this);
    this.pooler.onServerClosed(server);
    this.serveWaiting();
  }

  /** Another process has it from now on. */
  moveServer(server: ServerConnection): void {
    this.servers.delete(server);
    this.#dropIdle(server);
    this.database.serverCount--;
    this.pooler.releaseServer(this);
    this.pooler.changes.tell();
  }

  /** Another process has opened it. It is counted, whatever the limits say: it is there. */
  adoptServer(server: ServerConnection): void {
    this.servers.add(server);
    this.database.serverCount++;
    this.pooler.countServer(this);
  }

  adoptClient(client: ClientConnection): void {
    this.clients.add(client);
    this.pooler.adoptClient(client);
  }

  /** Another process has it from now on. */
  moveClient(client: ClientConnection): void {
    this.clients.delete(client);
    this.stopWaiting(client);
    this.pooler.moveClient(client);
  }

  onClientLeft(client: ClientConnection, reason: string): void {
    this.clients.delete(client);
    this.stopWaiting(client);
    this.pooler.onClientLeft(client, reason);
  }

  onNotification(server: ServerConnection, notification: Notification): void {
    this.pooler.onNotification(server, notification);
  }

  nextServerId(): number {
    return this.pooler.nextServerId();
  }

  countListener(): void {
    this.pooler.countListener(this);
  }

  releaseListener(): void {
    this.pooler.releaseListener(this);
  }

  onHubMoved(): void {
    // Not at once: a client whose UNLISTEN has ended the move is in the middle of composing its requests.
    setImmediate(() => {
      this.serveWaiting();
      this.pooler.changes.tell();
    });
  }

  onHubMoveFailed(error: unknown): void {
    const { database, user } = this;
    this.pooler.log.warn('the pool cannot listen at its new place yet; transactions wait', {
      database: database.name,
      user,
      error,
    });
  }

  /** After RESUME, a new limit or a server that has gone: whoever waits is served as far as can be. */
  serveWaiting(): void {
    if (this.#welcomes.length > 0 && !this.isPaused) this.#openForWelcome();
    while (this.waiting.size > 0 && !this.isPaused) {
      const server = this.#takeIdle();
      if (server === null) return this.grow();
      this.#giveToFirst(server);
    }
  }

  /** Has a server come for each that waits: idle ones that are to be looked at first, then new ones within the limits. */
  grow(): void {
    while (this.loginsUnderWay + this.#checked.size < this.waiting.size) {
      const unchecked = this.#popIdle();
      if (unchecked !== null) this.#check(unchecked);
      else if (!this.#mayOpen() || !this.tryOpen(this.#mostNow)) return;
    }
  }

  /** Opens one server, whether or not somebody waits, when there is room for it. */
  tryOpen(most: number): boolean {
    if (!this.pooler.claimServer(this, most)) return false;
    this.loginsUnderWay++;
    this.database.serverCount++;
    void this.#open();
    return true;
  }

  /** Clients and logins of this thread that wait for a server. */
  get ownWaiting(): number {
    return this.waiting.size + this.#welcomes.length;
  }

  /** Another thread has had clients waiting for a while, and nobody here needs what is idle. */
  yieldIdle(): void {
    if (this.ownWaiting > 0) return;
    this.longestIdle?.close('clients of another thread wait');
  }

  /** What servers report at login: known from an earlier one, else from one that is opened now. */
  learnWelcome(): Promise<ReadonlyMap<string, string>> {
    if (this.welcome !== null) return Promise.resolve(this.welcome);
    const waiter = Promise.withResolvers<ReadonlyMap<string, string>>();
    this.#welcomes.push(waiter);
    this.waitingCount.add(1);
    if (!this.isPaused) this.#openForWelcome();
    return waiter.promise;
  }

  /** Clients that wait for the first server to tell what servers report. */
  get waitingLogins(): number {
    return this.#welcomes.length;
  }

  /** Why a login has just been refused, for clients that would only run into the same. */
  get cachedRefusal(): string | null {
    const { failure } = this;
    if (failure === null || this.servers.size > 0 || this.#mayRetry()) return null;
    return cachedFailure(failure.message);
  }

  get serverTotal(): number {
    return this.servers.size + this.loginsUnderWay;
  }

  /** The idle server that was used last the longest time ago. */
  get longestIdle(): ServerConnection | null {
    return this.idle[0] ?? null;
  }

  #openForWelcome(): void {
    if (this.loginsUnderWay > 0) return;
    // Without a place for it, it is tried again whenever somebody may have left one.
    if (this.#mayRetry()) this.tryOpen(this.#mostNow);
    else this.#failWelcomes(new Refusal('08P01', this.cachedRefusal ?? 'connect failed'));
  }

  /** One that may be used as it is. */
  #takeIdle(): ServerConnection | null {
    const server = this.#popIdle();
    if (server === null || !this.#needsCheck(server)) return server;
    this.#check(server);
    return this.pooler.settings.server_round_robin ? this.#takeIdle() : null;
  }

  #popIdle(): ServerConnection | null {
    while (this.idle.length > 0) {
      const server = this.pooler.settings.server_round_robin
        ? this.idle.shift()!
        : this.idle.pop()!;
      if (server.closeReason === null) return server; // else its socket is being closed
    }
    return null;
  }

  #needsCheck(server: ServerConnection): boolean {
    const { server_check_query: query, server_check_delay: delay } = this.pooler.settings;
    return query !== '' && Date.now() - server.stateSinceMs > delay * 1000;
  }

  #check(server: ServerConnection): void {
    const { server_check_query: query } = this.pooler.settings;
    this.#checked.add(server);
    server.enter('tested');
    server.run(query === '<empty>' ? ';' : query, (error) => {
      if (error !== null) server.close(`server_check_query failed: ${error.message}`);
    });
  }

  #needsReset(server: ServerConnection): boolean {
    const { settings } = this.pooler;
    if (!server.isDirty || settings.server_reset_query === '') return false;
    return this.mode === 'session' || settings.server_reset_query_always || server.wasPinned;
  }

  #reset(server: ServerConnection): void {
    server.isDirty = false;
    server.enter('tested');
    server.run(this.pooler.settings.server_reset_query, (error) => {
      server.wasPinned = false;
      if (error !== null) server.close(`server_reset_query failed: ${error.message}`);
    });
  }

  #offer(server: ServerConnection): void {
    if (this.waiting.size > 0 && !this.isPaused) return this.#giveToFirst(server);
    server.enter('idle');
    this.idle.push(server);
    this.pooler.changes.tell();
  }

  #giveToFirst(server: ServerConnection): void {
    for (const client of this.waiting) {
      this.stopWaiting(client);
      client.resumeWith(server);
      return;
    }
  }

  #dropIdle(server: ServerConnection): void {
    const index = this.idle.indexOf(server);
    if (index >= 0) this.idle.splice(index, 1);
  }

  #mayOpen(): boolean {
    if (this.loginsUnderWay >= mostLogins) return false;
    // Looked at before a place is claimed: nearly always there is none.
    return this.serverCount.value < this.#mostNow && this.#mayRetry();
  }

  get #mostNow(): number {
    return this.size + (this.#mayUseReserve() ? this.reserveSize : 0);
  }

  #mayUseReserve(): boolean {
    const afterUs = this.pooler.settings.reserve_pool_timeout * 1e6;
    for (const client of this.waiting) return nowUs() - client.waitingSinceUs >= afterUs;
    return false;
  }

  #mayRetry(): boolean {
    if (this.failure === null) return true;
    return Date.now() - this.failure.atMs >= this.pooler.settings.server_login_retry * 1000;
  }

  async #open(): Promise<void> {
    const { retirements } = this;
    let loggedIn: LoggedIn;
    try {
      loggedIn = await openServer(this);
    } catch (error) {
      this.loginsUnderWay--;
      this.database.serverCount--;
      this.pooler.releaseServer(this);
      this.#onOpenFailed(error);
      this.pooler.changes.tell();
      return;
    }
    this.loginsUnderWay--;
    this.#onOpened(loggedIn, retirements === this.retirements);
  }

  /** @param isOfUse  false: since its login began, all servers of then were to be replaced */
  #onOpened(loggedIn: LoggedIn, isOfUse: boolean): void {
    const parameters = parametersOf(this.pooler, loggedIn.reported);
    const server = new ServerConnection(this, this.pooler.nextServerId(), loggedIn, parameters);
    this.servers.add(server);
    this.pooler.onServerOpened(server);
    if (!isOfUse) return server.close('its place has changed during its login');
    this.failure = null;
    this.welcome = loggedIn.reported;
    for (const waiter of this.#takeWelcomes()) waiter.resolve(loggedIn.reported);
    this.onServerFree(server);
  }

  #onOpenFailed(error: unknown): void {
    this.failure = loginFailureOf(error);
    this.pooler.onLoginFailed(this, error);
    this.#failWelcomes(refusalOf(error));
    const { isRefusal, sqlstate, message } = this.failure;
    if (this.servers.size > 0 || !isRefusal) return;
    for (const client of this.waiting) client.fail(sqlstate, message);
  }

  /** Nobody who waits for a server gets one. */
  turnAway(refusal: Refusal): void {
    for (const client of this.waiting) client.fail(refusal.sqlstate, refusal.message);
    this.#failWelcomes(refusal);
  }

  #failWelcomes(refusal: Refusal): void {
    for (const waiter of this.#takeWelcomes()) waiter.reject(refusal);
  }

  #takeWelcomes(): PromiseWithResolvers<ReadonlyMap<string, string>>[] {
    this.waitingCount.add(-this.#welcomes.length);
    return this.#welcomes.splice(0);
  }
}

function parametersOf(pooler: PoolHost, reported: ReadonlyMap<string, string>): ParameterSet {
  let parameters = new ParameterSet(pooler.tracked);
  for (const [name, value] of reported) parameters = parameters.with(name, value);
  return parameters;
}
