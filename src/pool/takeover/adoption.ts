import { BackendWriter } from '../../wire/index.ts';
import { Secret } from '../../session/index.ts';
import type { Credentials } from '../auth/index.ts';
import { ClientConnection } from '../client-connection.ts';
import type { Database } from '../database.ts';
import { placeKey } from '../databases.ts';
import { keepAlive } from '../keepalive.ts';
import { Leg, socketOn } from '../leg.ts';
import { nobody } from '../listener.ts';
import { ParameterSet } from '../parameters.ts';
import type { Pool } from '../pool.ts';
import type { Pooler } from '../pooler.ts';
import { Refusal } from '../refusal.ts';
import { ServerConnection } from '../server-connection.ts';
import { unpackStatement, type Statement } from '../statements.ts';
import type { Given } from './line.ts';
import type { PackedClient, PackedPool, PackedServer } from './packed.ts';

type GivenOf<W extends Given['what']> = Extract<Given, { what: W }>;

/** A server, which the client behind it may still have. */
interface Arriving {
  readonly given: GivenOf<'server'>;
  readonly handle: unknown;
  /** It is counted here. */
  readonly arrived: () => void;
}

/** What is counted as the other process's until it is counted here. @returns what to call then */
export interface Arrivals {
  onClient(database: string, user: string): () => void;
  onServer(database: string, user: string): () => void;
}

/** Makes clients and servers of what another process gives, one after the other. */
export class Adoption {
  readonly #pooler: Pooler;
  readonly #arrivals: Arrivals;
  readonly #statements = new Map<string, Statement>();
  readonly #pools: GivenOf<'pool'>[] = [];
  #linked: Arriving | null = null;
  #work: Promise<void> = Promise.resolve();

  constructor(pooler: Pooler, arrivals: Arrivals) {
    this.#pooler = pooler;
    this.#arrivals = arrivals;
  }

  take(given: Given, handle: unknown): void {
    if (given.what === 'pool') this.#pools.push(given);
    const arrived = this.#arrivalOf(given);
    this.#work = this.#work.then(() => this.#adopt(given, handle, arrived));
  }

  #arrivalOf(given: Given): () => void {
    if (given.what !== 'server' && given.what !== 'client') return () => undefined;
    const { database, user } = this.#pools[given.pool]!.pool;
    return given.what === 'server'
      ? this.#arrivals.onServer(database, user)
      : this.#arrivals.onClient(database, given.client.user);
  }

  /** Resolves when everything that has come so far has its place. */
  get settled(): Promise<void> {
    return this.#work;
  }

  async #adopt(given: Given, handle: unknown, arrived: () => void): Promise<void> {
    try {
      if (given.what === 'statement') {
        const statement = unpackStatement(given.statement);
        this.#statements.set(statement.serverName, statement);
      } else if (given.what === 'server') {
        if (given.isLinked) this.#linked = { given, handle, arrived };
        else this.#adoptServer({ given, handle, arrived });
      } else if (given.what === 'client') {
        await this.#adoptClient(given, handle);
        arrived();
      }
    } catch (error) {
      this.#pooler.log.error('a connection of the other process is lost', { error });
    }
  }

  #adoptServer({ given, handle, arrived }: Arriving): ServerConnection | null {
    const { pool: packedPool, placeKey: place } = this.#pools[given.pool]!;
    const database = this.#pooler.databases.lookUp(packedPool.database);
    const leg = new Leg(socketOn(handle), nobody);
    if (database === undefined) {
      leg.destroy();
      arrived();
      return null;
    }
    const pool = this.#pooler.poolOf(database, credentialsOf(packedPool));
    pool.welcome ??= packedPool.welcome;
    const server = makeServer(pool, given.server, leg, this.#find);
    pool.adoptServer(server);
    arrived();
    // Where it leads is not where the configuration says.
    if (place !== placeKey(database.entry)) server.closeReason ??= 'database configuration changed';
    if (!given.isLinked) pool.onServerFree(server);
    return server;
  }

  async #adoptClient(given: GivenOf<'client'>, handle: unknown): Promise<void> {
    const { client: packed } = given;
    const { pool: packedPool } = this.#pools[given.pool]!;
    const linked = given.isLinked ? this.#linked : null;
    this.#linked = null;
    const server = linked === null ? null : this.#adoptServer(linked);
    const leg = this.#clientLeg(packed, handle);
    try {
      const pool = await this.#poolOf(packedPool, packed.user, server);
      const client = new ClientConnection({
        id: packed.id,
        leg,
        pool,
        user: packed.user,
        parameters: ParameterSet.unpack(this.#pooler.tracked, packed.parameters),
        cancelPid: packed.cancelPid,
        cancelKey: packed.cancelKey,
      });
      pool.adoptClient(client);
      client.unpack(packed, server, this.#find);
    } catch (error) {
      server?.close('its client could not go on');
      refuse(leg, error);
    }
  }

  #clientLeg({ from }: PackedClient, handle: unknown): Leg {
    const socket = socketOn(handle);
    if (from.kind === 'tcp') keepAlive(socket, this.#pooler.settings);
    return new Leg(socket, nobody, from);
  }

  /** As whom servers of a client log in is for the configuration of this process to say. @throws Refusal */
  async #poolOf(
    packed: PackedPool,
    clientUser: string,
    server: ServerConnection | null,
  ): Promise<Pool> {
    const database = this.#pooler.databases.lookUp(packed.database);
    if (database === undefined) {
      throw new Refusal('3D000', `no such database: ${packed.database}`);
    }
    const kept = database.pools.get(packed.user);
    if (server !== null && kept !== undefined) return kept;
    const user = database.entry.user ?? clientUser;
    const known = database.pools.get(user);
    if (known !== undefined) return known;
    const pool = this.#pooler.poolOf(database, await this.#credentials(database, packed, user));
    if (user === packed.user) pool.welcome ??= packed.welcome;
    return pool;
  }

  async #credentials(
    database: Database<Pool>,
    packed: PackedPool,
    user: string,
  ): Promise<Credentials> {
    const isForced = database.entry.user !== null;
    if (user === packed.user && !isForced) return credentialsOf(packed);
    return this.#pooler.credentialsOf(database, user);
  }

  readonly #find = (serverName: string): Statement => {
    const statement = this.#statements.get(serverName);
    if (statement === undefined) throw new Error(`statement ${serverName} was not told`);
    return statement;
  };
}

function makeServer(
  pool: Pool,
  packed: PackedServer,
  leg: Leg,
  find: (serverName: string) => Statement,
): ServerConnection {
  const { key, place } = packed;
  const loggedIn = { leg, key, place, reported: new Map(), isEncrypted: false };
  const parameters = ParameterSet.unpack(pool.pooler.tracked, packed.parameters);
  const server = new ServerConnection(pool, packed.id, loggedIn, parameters);
  server.unpack(packed, find);
  return server;
}

function credentialsOf({ user, password, scramKeys }: PackedPool): Credentials {
  return { user, password: password === null ? null : new Secret(password), scramKeys };
}

function refuse(leg: Leg, error: unknown): void {
  const { sqlstate, message } =
    error instanceof Refusal
      ? error
      : { sqlstate: 'XX000', message: 'internal error of the pooler' };
  leg.writeOwn(new BackendWriter().error({ severity: 'FATAL', sqlstate, message }).take());
  leg.end();
}
