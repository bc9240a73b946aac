import { poolModes } from '../types.ts';
import { changeable, fixed } from './setting-key.ts';
import { choice, flag, integer, list, seconds, text } from './value-type.ts';

export const poolKeys = {
  default_pool_size: changeable(integer(0), '20', {
    effect:
      'The most server connections of a pool, that is of one user in one database. `pool_size` of a database or user goes first.',
    why: 'several for each core of a server; more make queries slower, not faster',
  }),
  max_client_conn: changeable(integer(0), '100', {
    effect: 'The most client connections. Each takes a file descriptor, and each server one more.',
    why: 'fits the usual limit of 1024 open files',
  }),
  max_db_client_connections: changeable(integer(0), '0', {
    effect: 'The most client connections to one database. 0: no limit.',
  }),
  max_db_connections: changeable(integer(0), '0', {
    effect:
      'The most server connections to one database, over all of its pools. 0: no limit. At the limit a pool gets a ' +
      'connection only when another one has closed one.',
  }),
  max_user_client_connections: changeable(integer(0), '0', {
    effect: 'The most client connections of one user, over all databases. 0: no limit.',
  }),
  max_user_connections: changeable(integer(0), '0', {
    effect: 'The most server connections of one user, over all databases. 0: no limit.',
  }),
  min_pool_size: changeable(integer(0), '0', {
    effect:
      'Server connections that a pool keeps open, while it has a client or its database forces a user. Never more than the ' +
      'size of the pool. 0: none.',
  }),
  peer_id: changeable(integer(0, 16_383), '0', {
    effect:
      'Number of this process among several that share a port; it is part of the cancel keys, so that any of them passes a ' +
      'cancel request to the one it belongs to (`[peers]`). 0: alone.',
  }),
  pool_mode: changeable(choice(poolModes), 'session', {
    effect:
      'When a server goes back to its pool: `session` when the client leaves, `transaction` after each transaction, ' +
      '`statement` after each statement (transactions of several statements are refused), `auto` after each transaction ' +
      'until the client makes state that cannot be carried along (temporary table, LISTEN, advisory lock of the session, ' +
      'WITH HOLD cursor), then when it leaves.',
    why: 'every application works with `session`; `auto`, which is ours, serves more clients and also works with every application',
  }),
  reserve_pool_size: changeable(integer(0), '0', {
    effect:
      'Server connections that a pool may open beyond its size once a client has waited `reserve_pool_timeout`. 0: none.',
  }),
  reserve_pool_timeout: changeable(seconds, '5', {
    effect: 'How long a client waits before the reserve is used. 0: the reserve is not used.',
  }),
  server_round_robin: changeable(flag, '0', {
    effect:
      'Servers of a pool are used in turn. Off: the last one used is used first, so that few are busy and the others can ' +
      'be closed.',
    why: 'caches stay warm; turn it on where several servers stand behind one address',
  }),
} as const;

export const sessionKeys = {
  application_name_add_host: changeable(flag, '0', {
    effect: "The client's address and port are added to its application_name at login.",
  }),
  cache_unnamed_statements: changeable(flag, '1', {
    effect:
      'A Parse without a name is prepared once for each server and shared, like a named one, in transaction and statement ' +
      'mode. Only texts without quoted literals, whose meaning could change.',
    why: 'drivers that send parameters without preparing get the speed of prepared statements; the server may choose generic plans',
    isOurs: true,
  }),
  disable_pqexec: fixed(flag, '0', {
    effect:
      'The simple query protocol, which takes several statements at once, is refused: one way less to inject SQL, and ' +
      'psql no longer works.',
  }),
  ignore_startup_parameters: changeable(list, '', {
    effect:
      'Startup parameters that are accepted and dropped. Those that can be tracked are accepted anyway; any other refuses ' +
      'the login. `options` here drops what is unknown inside `options`.',
    why: 'a parameter that is dropped is not what the client asked for; for JDBC, `extra_float_digits`',
  }),
  login_notify_message: changeable(text, '', {
    effect: 'A notice that each client gets after its login. Empty: none.',
  }),
  max_packet_size: changeable(integer(0), '2147483647', {
    effect: 'The most bytes of one message: a query or a row. A larger one ends the connection.',
  }),
  max_prepared_statements: changeable(integer(0), '200', {
    effect:
      'Prepared statements kept on each server connection in transaction and statement mode, the least recently used ' +
      'leaves first. 0: named statements are not supported in those modes.',
    why: 'more than the statements in common use only takes memory of the server',
  }),
  server_reset_query: changeable(text, 'DISCARD ALL', {
    effect:
      'What cleans a server before another client gets it, in session mode and when a pinned client leaves. Empty: nothing. ' +
      'No ABORT or ROLLBACK: no transaction is open then.',
    why: 'nothing of one client is seen by the next',
  }),
  server_reset_query_always: changeable(flag, '0', {
    effect: '`server_reset_query` also runs after each transaction in the other modes.',
    why: 'clients there must not rely on session state; losing it each time only makes that plain',
  }),
  track_extra_parameters: fixed(list, 'IntervalStyle', {
    effect:
      'Parameters kept for each client and set again on each server it gets, besides client_encoding, datestyle, timezone, ' +
      'standard_conforming_strings and application_name. Only those that PostgreSQL reports to clients.',
  }),
} as const;
