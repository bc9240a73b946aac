import { consoleDatabase } from '../../client-startup.ts';
import type { DatabaseEntry, PoolSettings } from '../../config/index.ts';
import type { Show } from '../command.ts';
import { columns, type Cell } from '../values.ts';
import { byName } from './order.ts';

export const showDatabases: Show = {
  name: 'DATABASES',
  columns: columns(`name host port:int4 database force_user pool_size:int4 min_pool_size:int4
    reserve_pool_size:int4 server_lifetime:int4 pool_mode load_balance_hosts max_connections:int4
    current_connections:int4 max_client_connections:int4 current_client_connections:int4
    paused:int4 disabled:int4`),
  merge: { by: 1, sum: ['current_connections', 'current_client_connections'] },
  rows: ({ pooler, sessions }) => {
    const { settings } = pooler;
    const rows = [...pooler.databases.values()].map((database) => [
      ...placeOf(database.name, database.entry),
      ...limitsOf(database.entry, settings),
      database.entry.maxDbConnections ?? settings.max_db_connections,
      database.serverCount,
      database.entry.maxDbClientConnections ?? settings.max_db_client_connections,
      database.clientCount,
      Number(database.isPaused),
      Number(database.isDisabled),
    ]);
    return [...rows, consoleRow(settings, sessions.size)].toSorted(byName);
  },
};

function placeOf(name: string, entry: DatabaseEntry): Cell[] {
  const host = entry.hosts.length === 0 ? null : entry.hosts.join(',');
  return [name, host, entry.port, entry.dbname ?? name, entry.user];
}

function limitsOf(entry: DatabaseEntry, settings: PoolSettings): Cell[] {
  return [
    entry.poolSize ?? settings.default_pool_size,
    entry.minPoolSize ?? settings.min_pool_size,
    entry.reservePoolSize ?? settings.reserve_pool_size,
    entry.serverLifetime ?? settings.server_lifetime,
    entry.poolMode,
    entry.hosts.length > 1 ? entry.loadBalanceHosts : null,
  ];
}

/** The console itself, as pgBouncer describes it. */
function consoleRow(settings: PoolSettings, sessions: number): Cell[] {
  const place = [consoleDatabase, null, settings.listen_port, consoleDatabase, consoleDatabase];
  return [...place, 2, 0, 0, settings.server_lifetime, 'statement', null, 0, 0, 0, sessions, 0, 0];
}
