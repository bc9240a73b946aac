import { ServerError, SluiceError, type Decision } from '../errors/index.ts';

/**
 * What an error asks of its caller. A SluiceError says so itself; a server's answer (ours or a `pg` client's)
 * is judged by its SQLSTATE, a socket's error by its code; anything else is a bug until someone names it.
 */
export function decisionOf(error: unknown): Decision {
  const sqlstate = sqlstateOf(error);
  if (sqlstate !== undefined) return decisionOfSqlstate(sqlstate);
  if (error instanceof SluiceError) return error.decision;
  if (error instanceof AggregateError) return decisionOfMany(error.errors);
  if (isLostConnection(error)) return 'reconnect';
  return systemCodeOf(error) === undefined ? 'bug' : 'fix';
}

/** The SQLSTATE of a server's answer, whoever received it. */
export function sqlstateOf(error: unknown): string | undefined {
  if (error instanceof ServerError) return error.sqlstate;
  if (!(error instanceof Error) || error instanceof SluiceError) return undefined;
  // pg's DatabaseError: `severity` tells it from Node's errors, whose codes (EPIPE) can look alike.
  if (!('severity' in error) || !('code' in error)) return undefined;
  return typeof error.code === 'string' && /^[0-9A-Z]{5}$/.test(error.code)
    ? error.code
    : undefined;
}

/**
 * By SQLSTATE (PostgreSQL manual, appendix A): single states first, then whole classes. What is in neither
 * needs a person.
 */
export function decisionOfSqlstate(sqlstate: string): Decision {
  return byState[sqlstate] ?? byClass[sqlstate.slice(0, 2)] ?? 'fix';
}

const byState: Readonly<Record<string, Decision>> = {
  '25006': 'reconnect', // read only: the server became a standby; another host may be the primary now
  '25P03': 'reconnect', // idle in transaction timeout: the server closed the session
  '25P04': 'reconnect', // transaction timeout: the same
  '40002': 'fix', // integrity constraint violated at commit: the same rows would fail again
  '40003': 'reconnect', // completion unknown
  '53300': 'reconnect', // too many connections
  '53400': 'fix', // configured limit: slots, senders, temp_file_limit
  '55006': 'retry', // object in use: a slot whose old walsender has not noticed yet that we are gone
  '55P03': 'retry', // lock not available
  '57014': 'retry', // cancelled: by a person, or by a standby's conflict
  '57P01': 'reconnect', // admin shutdown
  '57P02': 'reconnect', // crash shutdown
  '57P03': 'reconnect', // cannot connect now: starting up
  '57P05': 'reconnect', // idle session timeout
  '72000': 'resync', // snapshot too old
};

const byClass: Readonly<Record<string, Decision>> = {
  '08': 'reconnect', // connection exception
  '40': 'retry', // serialization failure, deadlock
  '53': 'retry', // disk full, out of memory: may pass
  '58': 'retry', // system error below the server
};

/** Sockets' and resolvers' errors that another try can get past. */
const lostConnection: ReadonlySet<string> = new Set([
  'ECONNABORTED',
  'ECONNREFUSED',
  'ECONNRESET',
  'EAI_AGAIN',
  'EHOSTDOWN',
  'EHOSTUNREACH',
  'ENETDOWN',
  'ENETUNREACH',
  'ENOTCONN',
  'ENOTFOUND', // names of managed servers vanish for moments during a failover
  'EPIPE',
  'ERR_SOCKET_CLOSED',
  'ERR_STREAM_DESTROYED',
  'ERR_STREAM_PREMATURE_CLOSE',
  'ETIMEDOUT',
]);

function isLostConnection(error: unknown): boolean {
  const code = systemCodeOf(error);
  // The Unix socket of a server that is restarting is a missing file, yet not one a person must bring.
  if (code === 'ENOENT') {
    return error instanceof Error && 'syscall' in error && error.syscall === 'connect';
  }
  if (code !== undefined) return lostConnection.has(code);
  return error instanceof Error && toldByPg.test(error.message);
}

/** A `pg` client has words only for the end of its connection. */
const toldByPg = /^(?:Connection terminated|Client has encountered a connection error)/;

function systemCodeOf(error: unknown): string | undefined {
  return error instanceof Error && 'code' in error && typeof error.code === 'string'
    ? error.code
    : undefined;
}

/** The hardest decision wins: when one worker lost its connection and another found a bug, it is a bug. */
function decisionOfMany(errors: readonly unknown[]): Decision {
  const decisions = new Set(errors.map(decisionOf));
  return hardestFirst.find((decision) => decisions.has(decision)) ?? 'bug';
}

const hardestFirst: readonly Decision[] = ['bug', 'stop', 'fix', 'resync', 'reconnect', 'retry'];
