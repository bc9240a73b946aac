import { consoleDatabase } from '../../client-startup.ts';
import type { Pooler } from '../../pooler.ts';
import type { Show } from '../command.ts';
import { columns } from '../values.ts';

export const showUsers: Show = {
  name: 'USERS',
  columns: columns(`name pool_size reserve_pool_size pool_mode max_user_connections:int4
    current_connections:int4 max_user_client_connections:int4 current_client_connections:int4`),
  merge: { by: 1, sum: ['current_connections', 'current_client_connections'] },
  rows: ({ pooler }) =>
    usersOf(pooler).map((name) => {
      const user = pooler.config.users.get(name);
      const { settings } = pooler;
      return [
        name,
        String(user?.poolSize ?? ''),
        String(user?.reservePoolSize ?? ''),
        user?.poolMode ?? null,
        user?.maxUserConnections ?? settings.max_user_connections,
        serversOf(pooler, name),
        user?.maxUserClientConnections ?? settings.max_user_client_connections,
        clientsOf(pooler, name),
      ];
    }),
};

/** Those of auth_file and [users], those that are here, and the console's own. */
export function usersOf({ users, config, pools, clients }: Pooler): string[] {
  const names = new Set([
    consoleDatabase,
    ...(users.file?.names() ?? []),
    ...config.users.keys(),
    ...pools.map(({ user }) => user),
  ]);
  for (const { user } of clients) names.add(user);
  return [...names].toSorted();
}

function serversOf({ pools }: Pooler, user: string): number {
  return pools.reduce((sum, pool) => sum + (pool.user === user ? pool.serverTotal : 0), 0);
}

function clientsOf({ clients }: Pooler, name: string): number {
  let count = 0;
  for (const { user } of clients) if (user === name) count++;
  return count;
}
