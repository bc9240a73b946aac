import type { Show } from '../command.ts';
import { columns } from '../values.ts';
import { usersOf } from './users.ts';

export const showLists: Show = {
  name: 'LISTS',
  columns: columns('list items:int4'),
  merge: { by: 1, sum: ['items'], sumOnly: ['used_clients', 'login_clients', 'used_servers'] },
  rows: ({ pooler, sessions }) => [
    ['databases', pooler.databases.size + 1],
    ['users', usersOf(pooler).length],
    ['peers', pooler.config.peers.size],
    ['pools', pooler.pools.length + 1],
    ['peer_pools', pooler.config.peers.size],
    ['free_clients', 0],
    ['used_clients', pooler.clients.size + pooler.pipes.size + sessions.size],
    ['login_clients', pooler.handshakes.size],
    ['free_servers', 0],
    [
      'used_servers',
      pooler.pools.reduce((sum, { servers }) => sum + servers.size, pooler.pipes.size),
    ],
    ['dns_names', pooler.dns.hosts().length],
    ['dns_zones', 0],
    ['dns_queries', pooler.dns.pending],
    ['dns_pending', 0],
  ],
};
