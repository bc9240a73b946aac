import { consoleDatabase } from '../../client-startup.ts';
import type { Pool } from '../../pool.ts';
import type { Pooler } from '../../pooler.ts';
import { nowUs } from '../../traffic.ts';
import type { Show } from '../command.ts';
import { columns, type Cell } from '../values.ts';
import { byName } from './order.ts';
import { serverState, type ServerStateName } from './server-state.ts';

/** Over all threads these are added up. */
const counted = [
  'cl_active',
  'cl_waiting',
  'cl_active_cancel_req',
  'sv_active',
  'sv_active_cancel',
  'sv_being_canceled',
  'sv_idle',
  'sv_used',
  'sv_tested',
  'sv_login',
];

export const showPools: Show = {
  name: 'POOLS',
  columns: columns(`database user cl_active:int4 cl_waiting:int4 cl_active_cancel_req:int4
    cl_waiting_cancel_req:int4 sv_active:int4 sv_active_cancel:int4 sv_being_canceled:int4
    sv_idle:int4 sv_used:int4 sv_tested:int4 sv_login:int4 maxwait:int4 maxwait_us:int4
    pool_mode load_balance_hosts`),
  merge: {
    by: 2,
    sum: counted,
    largest: ['maxwait'],
  },
  rows: ({ pooler, sessions }) => {
    const zeroes = Array.from({ length: 12 }, () => 0);
    const ofConsole = [consoleDatabase, consoleDatabase, sessions.size, ...zeroes];
    const rows = pooler.pools.map((pool) => rowOf(pool, pipesOf(pooler, pool)));
    return [...rows, [...ofConsole, 'statement', null]].toSorted(byName);
  },
};

/** Passed through for this pool's user. */
function pipesOf({ pipes }: Pooler, { database, user }: Pool): number {
  return [...pipes].filter(
    ({ facts }) => facts.database === database.name && facts.serverUser === user,
  ).length;
}

function rowOf(pool: Pool, pipes: number): Cell[] {
  const { database, clients, waiting } = pool;
  const cancels = [...pool.servers].reduce((sum, server) => sum + server.cancelsUnderWay, 0);
  const waitUs = longestWaitUs(pool);
  const count = (state: ServerStateName): number =>
    [...pool.servers].filter((server) => serverState(server) === state).length;
  return [
    database.name,
    pool.user,
    clients.size - waiting.size + pipes,
    waiting.size + pool.waitingLogins,
    cancels,
    0, // each goes on at once
    count('active') + pipes + pool.hub.lines.length,
    cancels,
    count('being_canceled'),
    count('idle'),
    count('used'),
    count('tested'),
    pool.loginsUnderWay,
    Math.trunc(waitUs / 1e6),
    Math.trunc(waitUs % 1e6),
    pool.mode,
    database.entry.hosts.length > 1 ? database.entry.loadBalanceHosts : null,
  ];
}

/** Of the client that is served next. */
function longestWaitUs({ waiting }: Pool): number {
  for (const client of waiting) return Math.max(0, nowUs() - client.waitingSinceUs);
  return 0;
}
