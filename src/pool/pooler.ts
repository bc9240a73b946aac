import type { GateTarget, Log, LogFields } from '../service/index.ts';
import type { TlsTarget } from '../session/index.ts';
import {
  MessageBuffer,
  ScramKeyCache,
  type AuthenticationSecret,
  type Notification,
} from '../wire/index.ts';
import { AuthQueries, misconfiguredWords } from './auth-queries.ts';
import { peerUid, serverSecretOf, type Credentials } from './auth/index.ts';
import { Cancels, onlyThread, type ThreadPlace } from './cancels.ts';
import type { ClientConnection } from './client-connection.ts';
import { admit } from './admission.ts';
import {
  ClientHandshake,
  type Admitted,
  type LoginDone,
  type Reception,
} from './client-handshake.ts';
import { Changes } from './changes.ts';
import type { ClientStartup } from './client-startup.ts';
import type { PoolerConfig, PoolMode, PoolSettings } from './config/index.ts';
import type {
  Outputs,
  PoolerOfPools,
  PoolOfServers,
  ServerPlace,
  ServerSource,
} from './contracts.ts';
import type { ConsoleLogin } from './console-login.ts';
import type { Database } from './database.ts';
import { Databases, retire, retireServer } from './databases.ts';
import { DnsCache } from './dns-cache.ts';
import type { Leg, LegOwner } from './leg.ts';
import { describeFrom, tlsField } from './leg-text.ts';
import { ParameterSet, TrackedNames } from './parameters.ts';
import { claim, Limits, type Limit } from './limits.ts';
import { refusalOf } from './login-failure.ts';
import { Pool } from './pool.ts';
import { QueryRewriter } from './query-rewriter.ts';
import { Refusal } from './refusal.ts';
import type { Route } from './route.ts';
import { ReplicationPipe, type PipeFacts } from './replication-pipe.ts';
import type { ServerConnection } from './server-connection.ts';
import { openServer } from './server-login.ts';
import { SessionStateRules } from './session-state.ts';
import { StatementCache } from './statements.ts';
import { SharedCounts } from './threads/shared-counts.ts';
import { checkServerTls, loadClientTls, serverTlsTarget, type ClientTls } from './tls-settings.ts';
import { Traffic } from './traffic.ts';
import { Users } from './users.ts';

/** Whether new clients are let in. */
export type Admission = 'open' | 'draining';

export interface PoolerOptions {
  /** Shared with the other threads of the pooler. Default: there are none. */
  readonly counts?: SharedCounts | undefined;
  readonly thread?: ThreadPlace | undefined;
  readonly config: PoolerConfig;
  readonly log: Log;
  /** Makes the console of a connection to database `pgbouncer`. */
  readonly console: (pooler: Pooler, login: ConsoleLogin) => LegOwner;
  /** Default: everything goes where its client is connected to. */
  readonly route?: Route | undefined;
  /** All addresses of a server's name. Default: as the system finds them. */
  readonly lookUp?: ((host: string) => Promise<readonly string[]>) | undefined;
}

/** What SHOW CLIENTS and SHOW SERVERS have counted up to. */
export interface LastNumbers {
  readonly clientId: number;
  readonly serverId: number;
}

const outputBytes = 256 * 1024;

/**
 * Everything a pooler knows: its configuration, databases, pools, clients and servers.
 *
 * It assembles; what happens on a connection is in ClientHandshake, ClientConnection and ServerConnection,
 * who gets a server when in Pool, what happens by time in Janitor.
 */
export class Pooler implements PoolerOfPools, Reception {
  readonly log: Log;
  readonly outputs: Outputs = {
    toClient: new MessageBuffer(outputBytes),
    toServer: new MessageBuffer(outputBytes),
  };
  readonly statements = new StatementCache();
  readonly scramKeys = new ScramKeyCache();
  readonly dns: DnsCache;
  readonly cancels: Cancels;
  readonly limits: Limits;
  readonly route: Route | null;
  readonly authQueries: AuthQueries;
  readonly databases: Databases;
  /** Something has become free or is gone. */
  readonly changes = new Changes();
  readonly handshakes = new Set<ClientHandshake>();
  readonly clients = new Set<ClientConnection>();
  readonly pipes = new Set<ReplicationPipe>();
  readonly startedAtMs = Date.now();
  config: PoolerConfig;
  /** What pools that are gone have done: totals never go back. */
  readonly pastTraffic = new Traffic();
  tracked: TrackedNames;
  users!: Users;
  clientTls!: ClientTls;
  isPaused = false;
  isSuspended = false;
  admission: Admission = 'open';
  /** Of pools in mode auto, and of all others. */
  readonly #watching: QueryRewriter;
  readonly #naming: QueryRewriter;
  readonly #makeConsole: PoolerOptions['console'];
  readonly #thread: ThreadPlace;
  #lastClientId = 0;
  #lastServerId = 0;

  private constructor(options: PoolerOptions) {
    this.config = options.config;
    this.limits = new Limits(options.counts ?? new SharedCounts());
    this.log = options.log;
    this.route = options.route ?? null;
    this.#makeConsole = options.console;
    this.tracked = new TrackedNames(options.config.settings.track_extra_parameters);
    this.dns = new DnsCache({
      ttls: () => ({
        found: this.settings.dns_max_ttl,
        missing: this.settings.dns_nxdomain_ttl,
      }),
      lookUp: options.lookUp,
      onVanished: (host, addresses) => this.#leaveAddresses(host, addresses),
    });
    this.databases = new Databases(options.config);
    this.#naming = new QueryRewriter(null);
    this.#watching = new QueryRewriter(new SessionStateRules(this.tracked));
    this.#thread = options.thread ?? onlyThread;
    this.cancels = new Cancels(this, this.#thread);
    this.authQueries = new AuthQueries(this);
  }

  /** @throws POOL_AUTH_*, SESSION_FILE  what the configuration names cannot be read */
  static async make(options: PoolerOptions): Promise<Pooler> {
    const pooler = new Pooler(options);
    pooler.clientTls = loadClientTls(options.config.settings);
    checkServerTls(options.config.settings);
    pooler.users = await Users.load(options.config.settings, pooler.authQueries);
    pooler.databases.configure(options.config);
    return pooler;
  }

  get settings(): PoolSettings {
    return this.config.settings;
  }

  rewriterFor(mode: PoolMode): QueryRewriter {
    return mode === 'auto' ? this.#watching : this.#naming;
  }

  /** Every pool of every database. */
  get pools(): Pool[] {
    return [...this.databases.values()].flatMap(({ pools }) => [...pools.values()]);
  }

  /** Puts another configuration in force. What it cannot change in a running pooler stays as it was. */
  async configure(config: PoolerConfig): Promise<void> {
    const clientTls = loadClientTls(config.settings);
    checkServerTls(config.settings);
    await this.users.reload(config.settings);
    this.clientTls = clientTls;
    this.config = config;
    this.dns.forget();
    this.databases.configure(config);
    for (const pipe of this.pipes) {
      if (this.databases.get(pipe.facts.database)?.isGone !== false) pipe.destroy();
    }
    await this.#refreshForced();
    for (const pool of this.pools) {
      pool.configure();
      void pool.hub.move();
      pool.serveWaiting();
    }
  }

  /** Takes over what auth_file says now, if it was written since. */
  async refreshUsers(): Promise<void> {
    if (await this.users.refresh(this.log)) await this.#refreshForced();
  }

  /**
   * Leads a database elsewhere, also after a RELOAD whose file says the same about it as before.
   *
   * @throws Refusal  there is no such database
   */
  async redirect(name: string, target: GateTarget): Promise<void> {
    this.databases.redirect(name, target);
    await this.configure(this.config);
  }

  /** Servers of the database are opened anew as they get free. */
  reconnect(database: Database<Pool>): void {
    retire(database, 'RECONNECT command issued', this.settings.server_fast_close);
    this.dns.forget();
    for (const pool of database.pools.values()) void pool.hub.move();
  }

  /** Servers at addresses that their name does not have any more are closed as they get free. */
  #leaveAddresses(host: string, addresses: readonly string[]): void {
    this.log.info('addresses of servers have changed', { host, gone: addresses });
    const isGone = (place: ServerPlace, { socket }: Leg): boolean =>
      place.host === host && addresses.includes(socket.remoteAddress ?? '');
    for (const { servers, hub } of this.pools) {
      for (const server of servers) {
        if (isGone(server.place, server.leg)) {
          retireServer(server, 'DNS gives another address', this.settings.server_fast_close);
        }
      }
      if (hub.isAt(isGone)) {
        hub.expire();
        void hub.move();
      }
    }
  }

  take(leg: Leg): void {
    this.handshakes.add(new ClientHandshake(this, leg));
  }

  nextClientId(): number {
    return this.#ofThread(++this.#lastClientId);
  }

  nextServerId(): number {
    return this.#ofThread(++this.#lastServerId);
  }

  /** Numbers go on behind those that another process may give out. */
  countFrom({ clientId, serverId }: LastNumbers): void {
    this.#lastClientId = clientId;
    this.#lastServerId = serverId;
  }

  get lastNumbers(): LastNumbers {
    return { clientId: this.#lastClientId, serverId: this.#lastServerId };
  }

  get threadCount(): number {
    return this.#thread.count;
  }

  /** Different in every thread; with one thread the number itself. */
  #ofThread(number: number): number {
    const { index, count } = this.#thread;
    return count === 1 ? number : number * count + index;
  }

  /** The tracked ones of what a server reported. */
  parametersOf(reported: ReadonlyMap<string, string>): ParameterSet {
    let parameters = new ParameterSet(this.tracked);
    for (const [name, value] of reported) parameters = parameters.with(name, value);
    return parameters;
  }

  /** @throws Refusal  a limit is reached, the database is closed to new clients, or encryption is missing */
  checkAdmission(startup: ClientStartup, leg: Leg): void {
    const { mode } = this.clientTls;
    const needsTls = mode === 'require' || mode === 'verify-ca' || mode === 'verify-full';
    if (needsTls && leg.tlsSocket === null && !this.isLocal(leg)) {
      throw new Refusal('08P01', 'SSL required');
    }
    if (startup.isAdmin) return;
    if (this.admission === 'draining') throw new Refusal('57P03', 'server shutting down');
    if (this.limits.clients.value + this.handshakes.size > this.settings.max_client_conn) {
      throw new Refusal('53300', 'no more connections allowed (max_client_conn)');
    }
  }

  /** The pool that a client of this database and user belongs to. @throws Refusal */
  async poolFor(name: string, credentials: Credentials): Promise<Pool> {
    const database = this.databases.find(name);
    this.#checkClientLimits(name, credentials.user);
    const forced = database.entry.user;
    if (forced === null && this.settings.auth_type === 'any') {
      const reason = `auth_type = any needs a user in the line of ${name}`;
      throw new Refusal('08P01', misconfiguredWords, reason);
    }
    const user = forced ?? credentials.user;
    const known = database.pools.get(user);
    if (known !== undefined) {
      // A login that showed no secret (trust, cert, peer) takes nothing from what an earlier one left.
      if (forced === null && serverSecretOf(credentials) !== null) known.credentials = credentials;
      const refusal = known.cachedRefusal;
      if (refusal !== null) throw new Refusal('08P01', refusal);
      return known;
    }
    const own = forced === null ? credentials : await this.credentialsOf(database, forced);
    return this.poolOf(database, own);
  }

  /** Made where there is none. */
  poolOf(database: Database<Pool>, credentials: Credentials): Pool {
    const { user } = credentials;
    const pool = database.pools.get(user) ?? new Pool(this, database, credentials);
    database.pools.set(user, pool);
    return pool;
  }

  routedPool(name: string, home: PoolOfServers): Pool {
    const database = this.databases.find(name);
    const { user, password } = database.entry;
    const credentials = user === null ? home.credentials : { user, password, scramKeys: null };
    return this.poolOf(database, credentials);
  }

  /** How servers log in; null: there is nothing to answer a request for a password with. */
  serverSecretOf(source: ServerSource): AuthenticationSecret | null {
    return serverSecretOf(source.credentials);
  }

  serverTls(database: Database): TlsTarget {
    return serverTlsTarget(this.settings, database.entry.tls);
  }

  /** Over a Unix socket. */
  isLocal(leg: Leg): boolean {
    return leg.from?.kind === 'unix';
  }

  peerUidOf(leg: Leg): Promise<number | null> {
    return peerUid(leg.socket);
  }

  admit(leg: Leg, startup: ClientStartup, login: LoginDone): Promise<Admitted> {
    return admit(this, leg, startup, login);
  }

  openConsole(login: ConsoleLogin): LegOwner {
    return this.#makeConsole(this, login);
  }

  async openReplication(
    leg: Leg,
    startup: ClientStartup,
    credentials: Credentials,
  ): Promise<ReplicationPipe> {
    const pool = await this.poolFor(startup.database, credentials);
    const { database } = pool;
    while (pool.isPaused) await this.changes.until(() => !pool.isPaused);
    if (database.isGone) throw new Refusal('3D000', `no such database: ${startup.database}`);
    const ofDatabase = this.limits.serversOfDatabase(database.name);
    // Counted before it is there: a PAUSE that comes meanwhile waits for it.
    database.serverCount++;
    ofDatabase.add(1);
    const release = (): void => {
      database.serverCount--;
      ofDatabase.add(-1);
      this.changes.tell();
    };
    const parameters = { replication: startup.replication ?? 'true' };
    const loggedIn = await openServer(pool, { parameters }).catch((error: unknown) => {
      release();
      throw refusalOf(error);
    });
    if (database.isGone) {
      loggedIn.leg.destroy();
      release();
      throw new Refusal('08P01', 'database removed');
    }
    const facts: PipeFacts = {
      clientId: this.nextClientId(),
      serverId: this.nextServerId(),
      database: pool.database.name,
      clientUser: startup.user,
      serverUser: pool.user,
      kind: startup.replication === 'database' ? 'logical' : 'physical',
    };
    const fields = {
      database: facts.database,
      user: facts.clientUser,
      client: facts.clientId,
      from: describeFrom(leg),
      replication: facts.kind,
    };
    const pipe = new ReplicationPipe(facts, loggedIn, (over) => {
      this.pipes.delete(over);
      release();
      if (this.settings.log_disconnections) this.log.info('closing', fields);
    });
    this.pipes.add(pipe);
    if (this.settings.log_connections) this.log.info('login', { ...fields, ...tlsField(leg) });
    return pipe;
  }

  /**
   * Takes a place for one more server, over all threads, within the limits of pool, database and user. Where
   * database or user are full, room is made for clients that wait by closing an idle server of another pool;
   * for a pool's minimum none is, or two pools would take each other's for ever.
   */
  claimServer(pool: Pool, most: number): boolean {
    const [ofPool, ofDatabase, ofUser] = this.#serverLimits(pool, most);
    const full = claim([ofPool, ofDatabase, ofUser]);
    if (pool.ownWaiting === 0) return full === null;
    if (full === ofDatabase) this.#evictIdle([...pool.database.pools.values()], pool);
    if (full === ofUser)
      this.#evictIdle(
        this.pools.filter(({ user }) => user === pool.user),
        pool,
      );
    return full === null;
  }

  countServer(pool: Pool): void {
    for (const { count } of this.#serverLimits(pool, 0)) count.add(1);
  }

  releaseServer(pool: Pool): void {
    for (const { count } of this.#serverLimits(pool, 0)) count.add(-1);
  }

  /** It counts for its database and user; where they are full, what is idle makes room for it. */
  countListener(pool: Pool): void {
    const [, ofDatabase, ofUser] = this.#serverLimits(pool, 0);
    const isOver = [ofDatabase, ofUser].map(({ count, most }) => count.add(1) > most && most > 0);
    if (isOver[0]) this.#evictIdle([...pool.database.pools.values()]);
    else if (isOver[1]) this.#evictIdle(this.pools.filter(({ user }) => user === pool.user));
  }

  releaseListener(pool: Pool): void {
    const [, ofDatabase, ofUser] = this.#serverLimits(pool, 0);
    for (const { count } of [ofDatabase, ofUser]) count.add(-1);
    this.#serveOthers(pool);
  }

  #serverLimits({ database, user, serverCount }: Pool, most: number): [Limit, Limit, Limit] {
    const { max_db_connections: ofDatabase, max_user_connections: ofUser } = this.settings;
    return [
      { count: serverCount, most },
      {
        count: this.limits.serversOfDatabase(database.name),
        most: database.entry.maxDbConnections ?? ofDatabase,
      },
      {
        count: this.limits.serversOfUser(user),
        most: this.config.users.get(user)?.maxUserConnections ?? ofUser,
      },
    ];
  }

  onLoginFailed(pool: Pool, error: unknown): void {
    this.log.warn('a server cannot be had', {
      database: pool.database.name,
      user: pool.user,
      error,
    });
  }

  /** Takes a place for one more client, over all threads; it is given back when the client leaves. @throws Refusal */
  claimClient(database: string, user: string): void {
    const limits = this.#clientLimits(database, user);
    const full = claim(limits);
    if (full !== null) throw clientsExceeded(full);
  }

  releaseClient(database: string, user: string): void {
    for (const { count } of this.#clientLimits(database, user)) count.add(-1);
  }

  /** The client's place has been claimed. */
  onClientLoggedIn(client: ClientConnection): void {
    const { pool } = client;
    this.clients.add(client);
    this.cancels.add(client);
    pool.database.clientCount++;
    pool.traffic.clientLogins++;
    if (this.settings.log_connections) {
      this.log.info('login', { ...fieldsOf(client), ...tlsField(client.leg) });
    }
  }

  /** Another process has let it in. It is counted, whatever the limits say: it is there. */
  adoptClient(client: ClientConnection): void {
    const { pool } = client;
    for (const { count } of this.#clientLimits(pool.database.name, client.user)) count.add(1);
    this.clients.add(client);
    this.cancels.add(client);
    pool.database.clientCount++;
  }

  /** Another process has it from now on. */
  moveClient(client: ClientConnection): void {
    this.clients.delete(client);
    this.cancels.remove(client);
    const { database } = client.pool;
    database.clientCount--;
    this.releaseClient(database.name, client.user);
    this.changes.tell();
  }

  onClientLeft(client: ClientConnection, reason: string): void {
    this.moveClient(client);
    if (this.settings.log_disconnections) {
      this.log.info('closing', { ...fieldsOf(client), reason });
    }
  }

  /** @param reason  null: it went on to something else, or never said a word */
  onHandshakeOver(handshake: ClientHandshake, reason: string | null): void {
    this.handshakes.delete(handshake);
    this.changes.tell();
    if (reason !== null && this.settings.log_pooler_errors) {
      this.log.warn('a client was not let in', {
        database: handshake.database,
        user: handshake.user,
        from: describeFrom(handshake.leg),
        reason,
      });
    }
  }

  onServerOpened(server: ServerConnection): void {
    if (!this.settings.log_connections) return;
    this.log.info('new server connection', {
      ...fieldsOfServer(server),
      ...tlsField(server.leg),
    });
  }

  onServerClosed(server: ServerConnection): void {
    const { pool } = server;
    if (this.settings.log_disconnections) {
      this.log.info('server connection closed', {
        ...fieldsOfServer(server),
        reason: server.closeReason ?? 'the server closed it',
      });
    }
    this.#serveOthers(pool);
    this.changes.tell();
  }

  onNotification(server: ServerConnection, notification: Notification): void {
    this.log.debug('a notification that nobody listens to', {
      database: server.pool.database.name,
      channel: notification.channel,
    });
  }

  /** Without taking a place: who would not get one need not wait for a server first. @throws Refusal */
  #checkClientLimits(database: string, user: string): void {
    const full = this.#clientLimits(database, user).find(
      ({ count, most }) => most > 0 && count.value >= most,
    );
    if (full !== undefined) throw clientsExceeded(full);
  }

  #clientLimits(database: string, user: string): ClientLimit[] {
    const { limits, settings, config } = this;
    return [
      { setting: 'max_client_conn', count: limits.clients, most: settings.max_client_conn },
      {
        setting: 'max_db_client_connections',
        count: limits.clientsOfDatabase(database),
        most:
          this.databases.get(database)?.entry.maxDbClientConnections ??
          settings.max_db_client_connections,
      },
      {
        setting: 'max_user_client_connections',
        count: limits.clientsOfUser(user),
        most:
          config.users.get(user)?.maxUserClientConnections ?? settings.max_user_client_connections,
      },
    ];
  }

  /** Forced users have the passwords that the configuration and auth_file say now. */
  async #refreshForced(): Promise<void> {
    const refreshing = this.pools.map(async (pool) => {
      const { database, user } = pool;
      if (database.entry.user !== user) return;
      try {
        pool.credentials = await this.credentialsOf(database, user);
      } catch (error) {
        this.log.warn('the password of a forced user cannot be found out; the one known stays', {
          database: database.name,
          user,
          error,
        });
      }
    });
    await Promise.all(refreshing);
  }

  /** By which servers of a database are logged in to as a user whom the configuration names. */
  async credentialsOf(database: Database, user: string): Promise<Credentials> {
    const { password } = database.entry;
    if (password !== null) return { user, password, scramKeys: null };
    const stored = await this.users.find(user, database.name);
    return { user, password: stored?.password ?? null, scramKeys: null };
  }

  #evictIdle(pools: readonly Pool[], but?: Pool): void {
    const idle = pools
      .filter((pool) => pool !== but)
      .flatMap(({ longestIdle }) => (longestIdle === null ? [] : [longestIdle]))
      .toSorted((a, b) => a.stateSinceMs - b.stateSinceMs);
    idle[0]?.close('evicted');
  }

  /** A server less: another pool of the same database or user may be waiting for its place. */
  #serveOthers(pool: PoolOfServers): void {
    for (const other of this.pools) {
      const isRelated = other.database === pool.database || other.user === pool.user;
      if (isRelated && other !== pool && other.waiting.size > 0) other.serveWaiting();
    }
  }
}

function fieldsOf({ pool, user, id, leg }: ClientConnection): LogFields {
  return { database: pool.database.name, user, client: id, from: describeFrom(leg) };
}

function fieldsOfServer({ pool, id, place }: ServerConnection): LogFields {
  const { host, port } = place;
  return { database: pool.database.name, user: pool.user, server: id, host, port };
}

interface ClientLimit extends Limit {
  readonly setting: string;
}

function clientsExceeded({ setting }: ClientLimit): Refusal {
  return setting === 'max_client_conn'
    ? new Refusal('53300', 'no more connections allowed (max_client_conn)')
    : new Refusal('53300', `client connections exceeded (${setting})`);
}
