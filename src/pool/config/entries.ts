import type { EntryKey } from './keys/entry-key.ts';
import { databaseKeys, peerKeys, userKeys } from './keys/entries.ts';
import type { DatabaseEntry, DatabaseTls, PeerEntry, UserEntry } from './types.ts';

/** Texts by key; each has passed `checkText` for its key. */
export type EntryTexts = ReadonlyMap<string, string>;

const defaultServerPort = 5432;
const defaultPeerPort = 6432;

/** Startup parameters that a database may force. */
const parameterKeys = ['application_name', 'client_encoding', 'datestyle', 'timezone'] as const;

export function makeDatabase(
  name: string,
  texts: EntryTexts,
  tls: DatabaseTls | null = null,
): DatabaseEntry {
  return {
    name,
    dbname: read(databaseKeys.dbname, texts),
    hosts: read(databaseKeys.host, texts) ?? [],
    port: read(databaseKeys.port, texts) ?? defaultServerPort,
    user: read(databaseKeys.user, texts),
    password: read(databaseKeys.password, texts),
    authUser: read(databaseKeys.auth_user, texts),
    authQuery: read(databaseKeys.auth_query, texts),
    authDbname: read(databaseKeys.auth_dbname, texts),
    poolSize: read(databaseKeys.pool_size, texts),
    minPoolSize: read(databaseKeys.min_pool_size, texts),
    reservePoolSize: read(databaseKeys.reserve_pool_size, texts),
    maxDbConnections: read(databaseKeys.max_db_connections, texts),
    maxDbClientConnections: read(databaseKeys.max_db_client_connections, texts),
    serverLifetime: read(databaseKeys.server_lifetime, texts),
    queryWaitTimeout: read(databaseKeys.query_wait_timeout, texts),
    poolMode: read(databaseKeys.pool_mode, texts),
    loadBalanceHosts: read(databaseKeys.load_balance_hosts, texts) ?? 'round-robin',
    targetSessionAttrs: read(databaseKeys.target_session_attrs, texts) ?? 'any',
    tls,
    connectQuery: read(databaseKeys.connect_query, texts),
    parameters: Object.fromEntries(
      parameterKeys.flatMap((key) => {
        const value = read(databaseKeys[key], texts);
        return value === null ? [] : [[key, value]];
      }),
    ),
  };
}

export function makeUser(name: string, texts: EntryTexts): UserEntry {
  return {
    name,
    poolMode: read(userKeys.pool_mode, texts),
    poolSize: read(userKeys.pool_size, texts),
    reservePoolSize: read(userKeys.reserve_pool_size, texts),
    maxUserConnections: read(userKeys.max_user_connections, texts),
    maxUserClientConnections: read(userKeys.max_user_client_connections, texts),
    queryTimeout: read(userKeys.query_timeout, texts),
    queryWaitTimeout: read(userKeys.query_wait_timeout, texts),
    idleTransactionTimeout: read(userKeys.idle_transaction_timeout, texts),
    transactionTimeout: read(userKeys.transaction_timeout, texts),
    clientIdleTimeout: read(userKeys.client_idle_timeout, texts),
  };
}

export function makePeer(id: number, texts: EntryTexts): PeerEntry {
  return {
    id,
    host: read(peerKeys.host, texts) ?? '',
    port: read(peerKeys.port, texts) ?? defaultPeerPort,
    poolSize: read(peerKeys.pool_size, texts),
  };
}

/** The value of a key, as its type; null when it is not there. */
function read<T>(key: EntryKey<T>, texts: EntryTexts): T | null {
  const text = texts.get(key.name);
  return text === undefined ? null : (key.type.parse(text) ?? null);
}
