import { setImmediate as turn } from 'node:timers/promises';
import type { ClientConnection } from '../client-connection.ts';
import { consoleDatabase } from '../client-startup.ts';
import { placeKey } from '../databases.ts';
import type { Leg } from '../leg.ts';
import type { PoolOfServers } from '../contracts.ts';
import { Pool } from '../pool.ts';
import type { Pooler } from '../pooler.ts';
import { ServerConnection } from '../server-connection.ts';
import { finishRound } from '../write-round.ts';
import type { Given, ProcessLine } from './line.ts';
import type { PackableStatement, PackedPool } from './packed.ts';
import type { Held, HeldCount } from './questions.ts';

/** Who is not noticed when it comes to rest is found by looking, this often. */
const lookMs = 100;

/** Something to give, and the connection that goes along. */
interface Parcel {
  readonly given: Given;
  readonly leg: Leg | null;
}

export interface MovingOptions {
  readonly pooler: Pooler;
  readonly line: ProcessLine;
  /** Tells the other process what is still here. */
  readonly tellHeld: (held: Held) => Promise<unknown>;
  /** Something else that this process is needed for. */
  readonly isNeeded: () => boolean;
}

/**
 * Gives clients and servers to another process, each when nothing of it is under way, until there are none left.
 *
 *     client without a server, or waiting for one     goes as soon as it is written out
 *     client with a server                            goes with it, between requests, also inside a transaction
 *     server that nobody has                          goes
 *     TLS on its own side, LISTEN heard by the pool   stays until it leaves
 *
 * Those that stay keep their share of the pool's servers, for as long as there are any.
 */
export class Moving {
  readonly #options: MovingOptions;
  readonly #pooler: Pooler;
  readonly #told = new Set<PackableStatement>();
  readonly #poolNumbers = new Map<Pool, number>();
  /** Servers that each pool may have while somebody stays in it. */
  readonly #shares = new Map<Pool, number>();
  /** Clients that may go, as of the last look at all of them. */
  #movers: ClientConnection[] = [];
  #lookedAtMs = 0;
  #isStopped = false;
  readonly moved = { clients: 0, servers: 0 };

  constructor(options: MovingOptions) {
    this.#options = options;
    this.#pooler = options.pooler;
  }

  /** Before anything has gone: as much as may be held here until it is told otherwise. */
  begin(): Held {
    for (const pool of this.#pooler.pools) {
      const { size } = pool.clients;
      const share = size === 0 ? 0 : (pool.configuredSize * stayersOf(pool)) / size;
      this.#shares.set(pool, Math.max(1, Math.floor(share)));
    }
    const servers = this.#pooler.pools.map((pool) => ({
      database: pool.database.name,
      user: pool.user,
      count: pool.configuredSize,
    }));
    return { servers, clients: this.#heldClients() };
  }

  /** Resolves when nothing is left, or after `stop`. @throws the line is cut */
  async run(): Promise<void> {
    const { changes } = this.#pooler;
    let hasChanged = true;
    let wake: (() => void) | null = null;
    const unwatch = changes.watch(() => {
      hasChanged = true;
      wake?.();
    });
    try {
      while (!this.#isStopped && !this.#isOver) {
        if (!hasChanged) {
          const { promise, resolve } = Promise.withResolvers<void>();
          const timer = setTimeout(resolve, lookMs);
          wake = resolve;
          await promise;
          wake = null;
          clearTimeout(timer);
        }
        // Behind everything that has come by now: whoever is at rest then is so for a moment.
        await turn();
        hasChanged = false;
        await this.#round();
      }
    } finally {
      unwatch();
    }
  }

  /** What has not gone stays. */
  stop(): void {
    this.#isStopped = true;
    for (const pool of this.#pooler.pools) {
      pool.sizeLeft = null;
      pool.serveWaiting();
    }
    this.#pooler.changes.tell();
  }

  async #round(): Promise<void> {
    const isLook = Date.now() - this.#lookedAtMs >= lookMs;
    if (isLook) this.#look();
    const before = this.moved.servers;
    for (const client of this.#movers) if (!this.#isStopped) await this.#moveClient(client);
    for (const pool of this.#pooler.pools) await this.#moveIdle(pool);
    if (this.#isStopped || !(isLook || this.moved.servers > before)) return;
    const clients = isLook ? this.#heldClients() : null;
    await this.#options.tellHeld({ servers: this.#heldServers(), clients });
  }

  /** Those that wait come first, in their order. */
  #look(): void {
    this.#lookedAtMs = Date.now();
    this.#movers = [];
    for (const pool of this.#pooler.pools) {
      pool.sizeLeft = stayersOf(pool) === 0 ? 0 : (this.#shares.get(pool) ?? 1);
      for (const client of pool.waiting) if (mayMove(client)) this.#movers.push(client);
      for (const client of pool.clients) {
        if (!pool.waiting.has(client) && mayMove(client)) this.#movers.push(client);
      }
    }
  }

  async #moveClient(client: ClientConnection): Promise<void> {
    const { server } = client;
    finishRound();
    if (!client.isMovable || client.leg.from === null) return;
    if (server !== null && !(server instanceof ServerConnection && server.isMovable)) return;
    const pool = poolOf(client.pool);
    const parcels: Parcel[] = [];
    if (server instanceof ServerConnection) this.#packServer(server, parcels);
    const number = this.#packPool(pool, parcels);
    const packed = client.pack((statement) => this.#packStatement(statement, parcels));
    pool.moveClient(client);
    const given = {
      what: 'client' as const,
      client: { ...packed, from: client.leg.from },
      pool: number,
      isLinked: server !== null,
    };
    parcels.push({ given, leg: client.leg });
    this.moved.clients++;
    await this.#give(parcels);
  }

  async #moveIdle(pool: Pool): Promise<void> {
    for (const server of pool.idle.slice()) {
      if (this.#isStopped || pool.servers.size <= (pool.sizeLeft ?? 0)) return;
      if (server.state !== 'idle' || server.closeReason !== null) continue;
      if (server.isMovable) {
        const parcels: Parcel[] = [];
        this.#packServer(server, parcels);
        await this.#give(parcels);
      } else if (server.isEncrypted) {
        server.close('another process has taken over');
      }
    }
  }

  #packServer(server: ServerConnection, parcels: Parcel[]): void {
    const pool = poolOf(server.pool);
    const number = this.#packPool(pool, parcels);
    const isLinked = server.client !== null;
    const packed = server.pack((statement) => this.#packStatement(statement, parcels));
    server.client = null;
    pool.moveServer(server);
    const given = { what: 'server' as const, server: packed, pool: number, isLinked };
    parcels.push({ given, leg: server.leg });
    this.moved.servers++;
  }

  #packStatement(statement: PackableStatement, parcels: Parcel[]): string {
    if (!this.#told.has(statement)) {
      this.#told.add(statement);
      parcels.push({ given: { what: 'statement', statement: statement.pack() }, leg: null });
    }
    return statement.serverName;
  }

  #packPool(pool: Pool, parcels: Parcel[]): number {
    const known = this.#poolNumbers.get(pool);
    if (known !== undefined) return known;
    const number = this.#poolNumbers.size;
    this.#poolNumbers.set(pool, number);
    const given = {
      what: 'pool' as const,
      pool: packPool(pool),
      placeKey: placeKey(pool.database.entry),
    };
    parcels.push({ given, leg: null });
    return number;
  }

  /** All of them are nobody's here before the first has gone. */
  async #give(parcels: readonly Parcel[]): Promise<void> {
    const handles = parcels.map(({ leg }) => leg?.release());
    try {
      for (const [i, { given }] of parcels.entries()) {
        await this.#options.line.give(given, handles[i]);
      }
    } finally {
      for (const { leg } of parcels) leg?.forget();
    }
  }

  #heldServers(): HeldCount[] {
    return this.#pooler.pools.map((pool) => ({
      database: pool.database.name,
      user: pool.user,
      count: heldServers(pool),
    }));
  }

  #heldClients(): HeldCount[] {
    return counted(
      [...this.#pooler.clients].map(({ pool, user }) => [pool.database.name, user] as const),
    );
  }

  get #isOver(): boolean {
    const { pools, clients, pipes, handshakes } = this.#pooler;
    const isEmpty = pools.every((pool) => pool.serverTotal === 0) && clients.size === 0;
    const isEntered = [...handshakes].some(({ database }) => database !== consoleDatabase);
    return isEmpty && pipes.size === 0 && !isEntered && !this.#options.isNeeded();
  }
}

/** Every pool that connections know is one. */
function poolOf(pool: PoolOfServers): Pool {
  if (pool instanceof Pool) return pool;
  throw new Error('a pool is a Pool');
}

/** It can go when it is at rest. */
function mayMove({ leg, isListening }: ClientConnection): boolean {
  return leg.tlsSocket === null && !isListening;
}

function stayersOf({ clients }: Pool): number {
  let count = 0;
  for (const client of clients) if (!mayMove(client)) count++;
  return count;
}

/** Where somebody stays one place at least is left to the other process: else nobody would be served there. */
function heldServers({ serverTotal, sizeLeft, configuredSize }: Pool): number {
  const held = Math.max(serverTotal, sizeLeft ?? 0);
  return sizeLeft === 0 ? held : Math.min(held, configuredSize - 1);
}

function packPool({ database, user, credentials, welcome }: Pool): PackedPool {
  return {
    database: database.name,
    user,
    password: credentials.password?.reveal() ?? null,
    scramKeys: credentials.scramKeys,
    welcome,
  };
}

function counted(pairs: readonly (readonly [string, string])[]): HeldCount[] {
  const counts = new Map<string, HeldCount>();
  for (const [database, user] of pairs) {
    const key = `${database}\0${user}`;
    counts.set(key, { database, user, count: (counts.get(key)?.count ?? 0) + 1 });
  }
  return [...counts.values()];
}
