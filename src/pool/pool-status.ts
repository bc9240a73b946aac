import { consoleDatabase } from './client-startup.ts';
import type { ConsoleContext, Show } from './console/command.ts';
import { showDatabases } from './console/show/databases.ts';
import { showPools } from './console/show/pools.ts';
import type { Cell } from './console/values.ts';
import { rowsOf } from './threads/merge.ts';

/** What `/status` shows of a pool, over all its threads. */
export interface PoolStatus {
  readonly listening: readonly string[];
  readonly paused: boolean;
  readonly draining: boolean;
  readonly clients: number;
  readonly waiting: number;
  readonly servers: number;
  readonly databases: Readonly<Record<string, DatabaseStatus>>;
}

export interface DatabaseStatus {
  readonly clients: number;
  /** Clients that wait for a server. */
  readonly waiting: number;
  readonly servers: number;
  readonly paused: boolean;
}

export function describePool(context: ConsoleContext, listening: readonly string[]): PoolStatus {
  const pools = records(showPools, context);
  const databases = records(showDatabases, context)
    .filter((row) => row['name'] !== consoleDatabase)
    .map((row): [string, DatabaseStatus] => [
      String(row['name']),
      {
        clients: Number(row['current_client_connections']),
        waiting: sum(
          pools.filter(({ database }) => database === row['name']),
          (pool) => Number(pool['cl_waiting']),
        ),
        servers: Number(row['current_connections']),
        paused: row['paused'] === 1,
      },
    ]);
  const all = databases.map(([, database]) => database);
  return {
    listening,
    paused: context.pooler.isPaused,
    draining: context.pooler.admission === 'draining',
    clients: sum(all, ({ clients }) => clients),
    waiting: sum(all, ({ waiting }) => waiting),
    servers: sum(all, ({ servers }) => servers),
    databases: Object.fromEntries(databases),
  };
}

function records(show: Show, context: ConsoleContext): Record<string, Cell>[] {
  return rowsOf(show, context).map((row) =>
    Object.fromEntries(show.columns.map(({ name }, i) => [name, row[i] ?? null])),
  );
}

function sum<T>(items: readonly T[], count: (item: T) => number): number {
  return items.reduce((total, item) => total + count(item), 0);
}
