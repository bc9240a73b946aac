import type { ClientConnection } from '../../client-connection.ts';
import { consoleDatabase } from '../../client-startup.ts';
import type { Database } from '../../database.ts';
import type { Leg } from '../../leg.ts';
import { describeTls } from '../../leg-text.ts';
import { listenerName, type ListenLine } from '../../listen-line.ts';
import type { Pool } from '../../pool.ts';
import type { ReplicationPipe } from '../../replication-pipe.ts';
import type { ServerConnection } from '../../server-connection.ts';
import { nowUs } from '../../traffic.ts';
import type { ConsoleContext, SessionFacts, Show } from '../command.ts';
import { columns, type Cell } from '../values.ts';
import { placeOf, pointer, timeText } from './socket-text.ts';
import { serverState } from './server-state.ts';

/** One connection, as CLIENTS, SERVERS and SOCKETS tell it. */
export interface SocketFacts {
  readonly kind: 'C' | 'S';
  readonly id: number;
  readonly leg: Leg;
  readonly user: string;
  readonly database: string;
  readonly replication: 'none' | 'logical' | 'physical';
  readonly state: string;
  readonly connectedAtMs: number;
  readonly requestedAtMs: number;
  readonly waitUs: number;
  readonly isCloseNeeded: boolean;
  /** The other side it is paired with. */
  readonly link: string;
  readonly linkLeg: Leg | null;
  readonly remotePid: number;
  readonly applicationName: string;
  readonly statements: number;
  /** Where the other end is when its address does not say so: a Unix socket's. */
  readonly port: number;
  readonly pinReason: string | null;
}

const socketColumns = columns(`type user database replication state addr port:int4 local_addr
  local_port:int4 connect_time request_time wait:int4 wait_us:int4 close_needed:int4 ptr link
  remote_pid:int4 tls application_name prepared_statements:int4 id:int4`);

const debugColumns = columns(`recv_pos:int4 pkt_pos:int4 pkt_remain:int4 send_pos:int4
  send_remain:int4 pkt_avail:int4 send_avail:int4`);

export const showClients: Show = {
  name: 'CLIENTS',
  columns: [...socketColumns, ...columns('pin_reason')],
  merge: 'all',
  rows: (context) => clientsOf(context).map((facts) => [...rowOf(facts), facts.pinReason]),
};

export const showServers: Show = {
  name: 'SERVERS',
  columns: socketColumns,
  merge: 'all',
  rows: (context) => serversOf(context).map(rowOf),
};

export const showSockets: Show = {
  name: 'SOCKETS',
  columns: [...socketColumns, ...debugColumns],
  merge: 'all',
  rows: (context) => socketsOf(context).map(debugRowOf),
};

/** Those that something is on its way through. */
export const showActiveSockets: Show = {
  name: 'ACTIVE_SOCKETS',
  columns: showSockets.columns,
  merge: 'all',
  rows: (context) => socketsOf(context).filter(isActive).map(debugRowOf),
};

/** Every connection, clients first. */
export function socketsOf(context: ConsoleContext): SocketFacts[] {
  return [...clientsOf(context), ...serversOf(context)];
}

function isActive({ leg, state, database }: SocketFacts): boolean {
  return leg.unwrittenBytes > 0 || state === 'active' || database === consoleDatabase;
}

function clientsOf({ pooler, sessions }: ConsoleContext): SocketFacts[] {
  const port = pooler.settings.listen_port;
  const clients = pooler.pools.flatMap((pool) => {
    const servers = new Map([...pool.servers].map((server) => [server.client?.id, server]));
    return [...pool.clients].map((client) =>
      clientFacts(client, pool.database, servers.get(client.id) ?? null, port),
    );
  });
  const operators = [...sessions].map((session) => sessionFacts(session, port));
  const followers = [...pooler.pipes].flatMap((pipe) => pipeFacts(pipe, 'C', port));
  return [...clients, ...followers, ...operators];
}

function serversOf({ pooler }: ConsoleContext): SocketFacts[] {
  const servers = pooler.pools.flatMap((pool) => [
    ...[...pool.servers].map(serverFacts),
    ...pool.hub.lines.flatMap((line) => listenerFacts(pool, line)),
  ]);
  return [...servers, ...[...pooler.pipes].flatMap((pipe) => pipeFacts(pipe, 'S', 0))];
}

function clientFacts(
  client: ClientConnection,
  { name }: Database,
  server: ServerConnection | null,
  port: number,
): SocketFacts {
  const { waitingSinceUs } = client;
  const isWaiting = waitingSinceUs > 0;
  return {
    kind: 'C',
    id: client.id,
    leg: client.leg,
    user: client.user,
    database: name,
    replication: 'none',
    state: isWaiting ? 'waiting' : server === null ? 'idle' : 'active',
    connectedAtMs: client.connectedAtMs,
    requestedAtMs: client.requestedAtMs,
    waitUs: isWaiting ? Math.max(0, nowUs() - waitingSinceUs) : 0,
    isCloseNeeded: false,
    link: server === null ? '' : pointer('S', server.id),
    linkLeg: server?.leg ?? null,
    remotePid: 0,
    applicationName: client.parameters.get('application_name') ?? '',
    statements: client.statementCount,
    port,
    pinReason: client.pinReason,
  };
}

function sessionFacts(session: SessionFacts, port: number): SocketFacts {
  return {
    kind: 'C',
    id: session.id,
    leg: session.leg,
    user: session.user,
    database: consoleDatabase,
    replication: 'none',
    state: 'active',
    connectedAtMs: session.connectedAtMs,
    requestedAtMs: session.requestedAtMs,
    waitUs: 0,
    isCloseNeeded: false,
    link: '',
    linkLeg: null,
    remotePid: 0,
    applicationName: session.applicationName,
    statements: session.statementCount,
    port,
    pinReason: null,
  };
}

/** One side of a connection that is passed through. @returns nothing: it has no such side yet */
function pipeFacts(pipe: ReplicationPipe, kind: 'C' | 'S', port: number): SocketFacts[] {
  const { facts, server, clientLeg, startedAtMs } = pipe;
  const isClient = kind === 'C';
  const leg = isClient ? clientLeg : server.leg;
  if (leg === null) return [];
  const one: SocketFacts = {
    kind,
    id: isClient ? facts.clientId : facts.serverId,
    leg,
    user: isClient ? facts.clientUser : facts.serverUser,
    database: facts.database,
    replication: facts.kind,
    state: 'active',
    connectedAtMs: startedAtMs,
    requestedAtMs: startedAtMs,
    waitUs: 0,
    isCloseNeeded: false,
    link: isClient ? pointer('S', facts.serverId) : pointer('C', facts.clientId),
    linkLeg: isClient ? server.leg : clientLeg,
    remotePid: isClient ? 0 : server.key.pid,
    applicationName: '',
    statements: 0,
    port: isClient ? port : server.place.port,
    pinReason: null,
  };
  return [one];
}

function serverFacts(server: ServerConnection): SocketFacts {
  const { client, pool } = server;
  return {
    kind: 'S',
    id: server.id,
    leg: server.leg,
    user: pool.user,
    database: pool.database.name,
    replication: 'none',
    state: serverState(server),
    connectedAtMs: server.connectedAtMs,
    requestedAtMs: server.requestedAtMs,
    waitUs: 0,
    isCloseNeeded: server.closeReason !== null,
    link: client === null ? '' : pointer('C', client.id),
    linkLeg: client?.leg ?? null,
    remotePid: server.key.pid,
    applicationName: server.parameters.get('application_name') ?? '',
    statements: server.prepared.count,
    port: server.place.port,
    pinReason: null,
  };
}

/** What listens for the clients of a pool. @returns nothing: it is not there yet */
function listenerFacts(
  { database, user }: Pool,
  { id, loggedIn, startedAtMs }: ListenLine,
): SocketFacts[] {
  if (loggedIn === null) return [];
  const { leg, key, place } = loggedIn;
  const one: SocketFacts = {
    kind: 'S',
    id,
    leg,
    user,
    database: database.name,
    replication: 'none',
    state: 'active',
    connectedAtMs: startedAtMs,
    requestedAtMs: startedAtMs,
    waitUs: 0,
    isCloseNeeded: false,
    link: '',
    linkLeg: null,
    remotePid: key.pid,
    applicationName: listenerName,
    statements: 0,
    port: place.port,
    pinReason: null,
  };
  return [one];
}

function rowOf(facts: SocketFacts): Cell[] {
  const { remote, local } = placeOf(facts.leg, facts.port);
  return [
    facts.kind,
    facts.user,
    facts.database,
    facts.replication,
    facts.state,
    remote.address,
    remote.port,
    local.address,
    local.port,
    timeText(facts.connectedAtMs),
    timeText(facts.requestedAtMs),
    Math.trunc(facts.waitUs / 1e6),
    Math.trunc(facts.waitUs % 1e6),
    Number(facts.isCloseNeeded),
    pointer(facts.kind, facts.id),
    facts.link,
    facts.remotePid,
    describeTls(facts.leg),
    facts.applicationName,
    facts.statements,
    facts.id,
  ];
}

function debugRowOf(facts: SocketFacts): Cell[] {
  const prefix = facts.kind === 'C' ? 'cl' : 'sv';
  const row = rowOf({ ...facts, state: `${prefix}_${facts.state}` });
  return [...row, 0, 0, 0, 0, facts.leg.unwrittenBytes, 0, facts.leg.unwrittenBytes];
}
