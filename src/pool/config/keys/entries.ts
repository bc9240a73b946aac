import { targetSessionAttrs } from '../../../session/index.ts';
import { loadBalanceHosts, poolModes } from '../types.ts';
import { entryKey, named } from './entry-key.ts';
import { choice, integer, limit, list, optionalSeconds, secret, text } from './value-type.ts';

const inConnection = { elsewhere: 'the connection string in `[databases]`' };

const poolMode = choice(poolModes);

/** What stands in a line of [databases], by alphabet. */
export const databaseKeys = named({
  application_name: entryKey(text, 'application_name of every server, whatever the client says.'),
  auth_dbname: entryKey(text, '`auth_dbname` for this database.'),
  auth_query: entryKey(text, '`auth_query` for this database.'),
  auth_user: entryKey(text, '`auth_user` for this database.'),
  client_encoding: entryKey(text, 'client_encoding of every server, whatever the client says.'),
  connect_query: entryKey(
    text,
    'A query that is run on each new server before a client gets it. Its errors are logged.',
  ),
  datestyle: entryKey(text, 'DateStyle of every server, whatever the client says.'),
  dbname: entryKey(
    text,
    'The database on the server. Not set: the name that the client asked for.',
    inConnection,
  ),
  host: entryKey(
    list,
    'Host names, addresses, or folders of Unix sockets, with commas between them. Not set: `unix_socket_dir`.',
    inConnection,
  ),
  load_balance_hosts: entryKey(
    choice(loadBalanceHosts),
    'With several hosts, `round-robin` takes the next one for each new server; `disable` stays with one until it fails. ' +
      'Not set: round-robin.',
  ),
  max_db_client_connections: entryKey(limit(), '`max_db_client_connections` for this database.'),
  max_db_connections: entryKey(limit(), '`max_db_connections` for this database.'),
  min_pool_size: entryKey(limit(), '`min_pool_size` for the pools of this database.'),
  password: entryKey(
    secret,
    'The password of `user`. Not set: the one of `auth_file`.',
    inConnection,
  ),
  pool_mode: entryKey(poolMode, '`pool_mode` for this database.'),
  pool_size: entryKey(limit(), '`default_pool_size` for the pools of this database.'),
  port: entryKey(
    integer(1, 65_535),
    'The port of every host, also of a Unix socket. Not set: 5432.',
    inConnection,
  ),
  query_wait_timeout: entryKey(optionalSeconds, '`query_wait_timeout` for this database.'),
  reserve_pool_size: entryKey(limit(), '`reserve_pool_size` for the pools of this database.', {
    alias: 'reserve_pool',
  }),
  server_lifetime: entryKey(optionalSeconds, '`server_lifetime` for this database.'),
  target_session_attrs: entryKey(
    choice(targetSessionAttrs),
    'Which of several hosts will do, as libpq has it: `any`, `read-write`, `read-only`, `primary`, `standby`, ' +
      '`prefer-standby`. Not set: any.',
    inConnection,
  ),
  timezone: entryKey(text, 'TimeZone of every server, whatever the client says.'),
  user: entryKey(
    text,
    'The user as which every server logs in (a forced user), so that there is one pool. Not set: the user of the client.',
    { elsewhere: 'the connection string in `[databases]`, with `login = "entry"`' },
  ),
});

export const userKeys = named({
  client_idle_timeout: entryKey(optionalSeconds, '`client_idle_timeout` for this user.'),
  idle_transaction_timeout: entryKey(optionalSeconds, '`idle_transaction_timeout` for this user.'),
  max_user_client_connections: entryKey(limit(), '`max_user_client_connections` for this user.'),
  max_user_connections: entryKey(limit(), '`max_user_connections` for this user.'),
  pool_mode: entryKey(
    poolMode,
    '`pool_mode` for this user; it goes before the one of the database.',
  ),
  pool_size: entryKey(
    limit(),
    'Size of the pools of this user; it goes before the one of the database.',
  ),
  query_timeout: entryKey(optionalSeconds, '`query_timeout` for this user.'),
  query_wait_timeout: entryKey(optionalSeconds, '`query_wait_timeout` for this user.'),
  reserve_pool_size: entryKey(limit(), '`reserve_pool_size` for the pools of this user.'),
  transaction_timeout: entryKey(optionalSeconds, '`transaction_timeout` for this user.'),
});

export const peerKeys = named({
  host: entryKey(
    text,
    'Address, host name, or folder of the Unix socket of the other process. Required.',
  ),
  pool_size: entryKey(
    limit(),
    'The most connections for passing on cancel requests. Not set: `default_pool_size`.',
  ),
  port: entryKey(integer(1, 65_535), 'Its port. Not set: 6432.'),
});
