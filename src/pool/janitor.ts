import type { PooledClient } from './contracts.ts';
import type { Database } from './database.ts';
import type { Pool } from './pool.ts';
import type { Pooler } from './pooler.ts';
import { Refusal } from './refusal.ts';
import type { ServerConnection } from './server-connection.ts';
import { nowUs } from './traffic.ts';

/** Limits are whole or tenth seconds: three looks a second are near enough, and cost nothing. */
const roundMs = 333;
/** Files and idle sessions are looked after less often. */
const roundsBetweenFiles = 15;

/** Everything that happens because time has passed. */
export class Janitor {
  readonly #pooler: Pooler;
  #timer: NodeJS.Timeout | null = null;
  #round = 0;

  constructor(pooler: Pooler) {
    this.#pooler = pooler;
  }

  start(): void {
    this.#timer = setInterval(() => this.sweep(), roundMs);
  }

  stop(): void {
    if (this.#timer !== null) clearInterval(this.#timer);
  }

  /** One look at everything. */
  sweep(): void {
    this.#sweepHandshakes();
    for (const database of this.#pooler.databases.values()) {
      if (this.#round % roundsBetweenFiles === 0) this.#openForced(database);
      for (const pool of database.pools.values()) this.#sweepPool(pool);
      this.#dropUnusedPools(database.pools);
      const idleMs = Date.now() - database.usedAtMs;
      const { autodb_idle_timeout: seconds } = this.#pooler.settings;
      const isUnused = database.clientCount === 0 && database.serverCount === 0;
      const isOld = database.isAutomatic && isOver(idleMs, seconds);
      if (isUnused && (isOld || database.isGone)) {
        for (const { traffic } of database.pools.values()) this.#pooler.pastTraffic.add(traffic);
        this.#pooler.databases.delete(database.name);
      }
    }
    if (++this.#round % roundsBetweenFiles === 0) {
      void this.#pooler.refreshUsers();
      void this.#pooler.authQueries.close(false);
    }
  }

  /** The pool of a forced user has its least servers before a client comes. */
  #openForced(database: Database<Pool>): void {
    const { name, pools, entry } = database;
    const least = entry.minPoolSize ?? this.#pooler.settings.min_pool_size;
    const isClosed = database.isGone || database.isDisabled || database.isAutomatic;
    if (least === 0 || entry.user === null || isClosed || pools.has(entry.user)) return;
    this.#pooler
      .poolFor(name, { user: entry.user, password: null, scramKeys: null })
      .catch((error: unknown) => {
        const facts = { database: name, error };
        this.#pooler.log.warn('servers of min_pool_size cannot be opened', facts);
      });
  }

  /** A pool that nobody has used for pool_idle_timeout is forgotten; TOTALS goes on with its counts. */
  #dropUnusedPools(pools: Map<string, Pool>): void {
    const { pool_idle_timeout: seconds } = this.#pooler.settings;
    for (const [user, pool] of pools) {
      const isUnused = pool.clients.size === 0 && pool.serverTotal === 0;
      if (!isUnused || !isOver(Date.now() - pool.usedAtMs, seconds)) continue;
      this.#pooler.pastTraffic.add(pool.traffic);
      pools.delete(user);
    }
  }

  #sweepHandshakes(): void {
    const { client_login_timeout: seconds } = this.#pooler.settings;
    for (const handshake of this.#pooler.handshakes) {
      if (isOver(Date.now() - handshake.startedAtMs, seconds)) {
        handshake.refuse(new Refusal('08P01', 'client_login_timeout'));
      }
    }
  }

  #sweepPool(pool: Pool): void {
    this.#sweepClients(pool);
    this.#sweepWaiting(pool);
    this.#sweepServers(pool);
    if (!pool.isPaused) {
      pool.serveWaiting();
      this.#keepMinimum(pool);
    }
  }

  #sweepClients(pool: Pool): void {
    const { settings, config } = this.#pooler;
    const idleSeconds =
      config.users.get(pool.user)?.clientIdleTimeout ?? settings.client_idle_timeout;
    if (idleSeconds === 0) return;
    for (const client of pool.clients) {
      const isIdle = client.server === null && client.waitingSinceUs === 0;
      if (isIdle && isOver(Date.now() - client.requestedAtMs, idleSeconds)) {
        client.fail('57P05', 'client_idle_timeout');
      }
    }
  }

  #sweepWaiting(pool: Pool): void {
    const { settings, config } = this.#pooler;
    const waitSeconds =
      config.users.get(pool.user)?.queryWaitTimeout ??
      pool.database.entry.queryWaitTimeout ??
      settings.query_wait_timeout;
    for (const client of pool.waiting) {
      const waitedMs = (nowUs() - client.waitingSinceUs) / 1000;
      if (isOver(waitedMs, waitSeconds)) client.fail('08P01', 'query_wait_timeout');
      else if (!client.isWaitNotified && isOver(waitedMs, settings.query_wait_notify)) {
        client.isWaitNotified = true;
        client.tellNotice(
          'No server connection available in postgres backend, client being queued',
        );
      }
    }
  }

  #sweepServers(pool: Pool): void {
    for (const server of pool.servers) {
      if (server.client !== null) this.#checkUse(pool, server, server.client);
      else if (server.state === 'idle') this.#checkIdle(pool, server);
      else this.#checkOwn(server);
    }
  }

  #checkUse(pool: Pool, server: ServerConnection, client: PooledClient): void {
    const { settings, config } = this.#pooler;
    const user = config.users.get(pool.user);
    const { times } = server;
    const isWorking = server.expected.size > 0;
    // Before its first request a server may be at one of ours, which holds its client up as well.
    const sinceLinkMs = Date.now() - server.stateSinceMs;
    const workingMs = times.queryStartUs === 0 ? sinceLinkMs : sinceMs(times.queryStartUs);
    const queryMs = isWorking ? workingMs : 0;
    const isOpen = server.isInTransaction || server.isUnsynced;
    const inTransactionMs = isOpen ? sinceMs(times.transactionStartUs) : 0;
    const lastUs = Math.max(times.answeredAtUs, times.transactionStartUs);
    const idleMs = isOpen && !isWorking ? sinceMs(lastUs) : 0;
    const limits = [
      [queryMs, user?.queryTimeout ?? settings.query_timeout, 'query_timeout', '57014'],
      [
        idleMs,
        user?.idleTransactionTimeout ?? settings.idle_transaction_timeout,
        'idle transaction timeout',
        '25P03',
      ],
      [
        inTransactionMs,
        user?.transactionTimeout ?? settings.transaction_timeout,
        'transaction timeout',
        '25P04',
      ],
    ] as const;
    for (const [ms, seconds, name, sqlstate] of limits) {
      if (!isOver(ms, seconds)) continue;
      server.closeReason ??= name;
      client.fail(sqlstate, name);
      server.close(name);
      return;
    }
  }

  #checkIdle(pool: Pool, server: ServerConnection): void {
    const { settings } = this.#pooler;
    const idleMs = Date.now() - server.stateSinceMs;
    const lifeSeconds = pool.database.entry.serverLifetime ?? settings.server_lifetime;
    const mayShrink = pool.serverTotal > this.#minimumOf(pool);
    if (lifeSeconds > 0 && Date.now() - server.connectedAtMs > lifetimeMs(server, lifeSeconds)) {
      server.close('server lifetime over');
    } else if (mayShrink && isOver(idleMs, settings.server_idle_timeout)) {
      server.close('server idle timeout');
    } else if (pool.isPaused) {
      server.close('pooler is paused');
    }
  }

  /** A query of ours that a server does not answer. */
  #checkOwn(server: ServerConnection): void {
    const { server_connect_timeout: seconds } = this.#pooler.settings;
    if (server.cancelsUnderWay === 0 && isOver(Date.now() - server.stateSinceMs, seconds)) {
      server.close('test query timeout');
    }
  }

  /** Held for pools with a forced user, and for those that somebody is connected to. */
  #minimumOf(pool: Pool): number {
    const { isGone, entry } = pool.database;
    if (isGone || (entry.user === null && pool.clients.size === 0)) return 0;
    return Math.min(
      pool.size,
      pool.database.entry.minPoolSize ?? this.#pooler.settings.min_pool_size,
    );
  }

  #keepMinimum(pool: Pool): void {
    const missing = this.#minimumOf(pool) - pool.serverTotal;
    if (missing > 0 && pool.loginsUnderWay === 0 && pool.failure === null) pool.tryOpen(pool.size);
  }
}

/** Servers opened together do not end together: each lives up to a fifth less. */
function lifetimeMs(server: ServerConnection, seconds: number): number {
  return seconds * 1000 * (1 - ((server.id * 0.618_034) % 1) / 5);
}

function sinceMs(us: number): number {
  return us === 0 ? 0 : (nowUs() - us) / 1000;
}

/** A limit of 0 is none. */
function isOver(ms: number, seconds: number): boolean {
  return seconds > 0 && ms >= seconds * 1000;
}
