import { Client, Pool, type ClientConfig, type PoolConfig } from 'pg';
import type { ConnectOptions } from './connected.ts';
import { PgStream } from './pg-stream.ts';
import { parseSide, type ConnectionTarget } from './target/index.ts';

export interface PgPoolOptions extends ConnectOptions {
  /** Connections at most. Default 10, as pg's. */
  readonly max?: number | undefined;
  /** How long an idle connection is kept. Default 10 s, as pg's. */
  readonly idleTimeoutMs?: number | undefined;
}

/**
 * A `pg` client over a connection of ours: the connection string means what it means to Session, and the
 * same settings are in force. Not connected yet.
 *
 * Should its connection die while it is idle, its next query says so; nobody need listen for `error`.
 */
export function createPgClient(
  target: ConnectionTarget | string,
  options: ConnectOptions = {},
): Client {
  const client = new Client(pgConfig(target, options));
  client.on('error', ignoreIdleError);
  return client;
}

/** A `pg` pool of such clients. */
export function createPgPool(target: ConnectionTarget | string, options: PgPoolOptions = {}): Pool {
  const { max, idleTimeoutMs, ...connectOptions } = options;
  const config: PoolConfig = pgConfig(target, connectOptions);
  if (max !== undefined) config.max = max;
  if (idleTimeoutMs !== undefined) config.idleTimeoutMillis = idleTimeoutMs;
  const pool = new Pool(config);
  pool.on('error', ignoreIdleError);
  return pool;
}

/** `pg` is told everything it would otherwise look for in the environment. */
function pgConfig(target: ConnectionTarget | string, options: ConnectOptions): ClientConfig {
  const parsed = parseSide(options.side, target);
  const [first] = parsed.hosts;
  return {
    stream: () => new PgStream(parsed, options),
    ssl: false, // encrypted by us where it is
    host: first?.host ?? '',
    port: first?.port ?? 0,
    user: parsed.user,
    database: parsed.database,
  };
}

/** The pool drops a dead connection by itself; an unheard `error` event would end the process. */
function ignoreIdleError(): void {
  // a query on the connection, if there is one, rejects with the same error
}
