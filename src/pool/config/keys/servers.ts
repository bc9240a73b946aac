import { changeable, fixed } from './setting-key.ts';
import { flag, integer, seconds, text } from './value-type.ts';

export const serverKeys = {
  server_check_delay: changeable(seconds, '30', {
    effect:
      'A server that was idle for longer is checked with `server_check_query` before it is used. 0: always.',
  }),
  server_check_query: changeable(text, '<empty>', {
    effect: 'What checks that a server is alive. `<empty>`: an empty query; empty: no check.',
    why: 'an empty query costs the server least',
  }),
  server_connect_timeout: changeable(seconds, '15', {
    effect: 'The most time that connecting to a server and logging in take. 0: no limit.',
  }),
  server_fast_close: changeable(flag, '0', {
    effect:
      'In session mode a server that is to be closed (RECONNECT, RELOAD, a changed address) is closed after the current ' +
      'transaction, and its client with it. Off: when the client leaves.',
    why: 'a client need not notice; turn it on where sessions last for days',
  }),
  server_idle_timeout: changeable(seconds, '600', {
    effect: 'A server that was idle for longer is closed, down to `min_pool_size`. 0: never.',
  }),
  server_lifetime: changeable(seconds, '3600', {
    effect:
      'A server that is older is closed when no client has it; pools spread this over time. 0: each is used once.',
    why: 'memory of a long-lived server process grows, and a changed address is followed at last',
  }),
  server_login_retry: changeable(seconds, '15', {
    effect:
      'After a failed connect or login to a server, how long clients get that error at once before it is tried again.',
    why: 'a server that is down is not hammered; lower it with several hosts',
  }),
} as const;

export const timeoutKeys = {
  autodb_idle_timeout: changeable(seconds, '3600', {
    effect:
      'An automatic database (`*`) that was not used for longer is forgotten, with its statistics.',
  }),
  cancel_wait_timeout: changeable(seconds, '10', {
    effect: 'How long a cancel request waits for a connection to the server. 0: no limit.',
  }),
  client_idle_timeout: changeable(seconds, '0', {
    effect: 'A client that was idle outside of a transaction for longer is disconnected. 0: never.',
    why: 'pools inside of applications keep idle connections on purpose',
  }),
  client_login_timeout: changeable(seconds, '60', {
    effect: 'A client that has not logged in after this long is disconnected. 0: never.',
  }),
  idle_transaction_timeout: changeable(seconds, '0', {
    effect: 'A client that was idle inside of a transaction for longer is disconnected. 0: never.',
    why: 'cutting off a transaction is for the application to decide',
  }),
  pool_idle_timeout: changeable(seconds, '0', {
    effect:
      'A pool without clients and servers for this long is forgotten, with its statistics. 0: never.',
    why: 'totals of SHOW STATS would go down, which a monitor takes for a restart',
  }),
  query_timeout: changeable(seconds, '0', {
    effect: 'A query that takes longer ends its server and client connection. 0: no limit.',
    why: 'statement_timeout of PostgreSQL ends only the query; use this a little above it, against networks that lose everything',
  }),
  query_wait_notify: changeable(seconds, '5', {
    effect: 'A client that waits for a server this long gets a notice that it does. 0: none.',
  }),
  query_wait_timeout: changeable(seconds, '120', {
    effect: 'A client that waits for a server longer is disconnected. 0: no limit.',
    why: 'when servers hang, their clients are to know',
  }),
  suspend_timeout: changeable(seconds, '10', {
    effect:
      'How long SUSPEND waits for buffers to empty before it drops the connections that hold it up. `-R` drops nobody.',
  }),
  transaction_timeout: changeable(seconds, '0', {
    effect: 'A client whose transaction takes longer, busy or idle, is disconnected. 0: no limit.',
  }),
} as const;

export const networkKeys = {
  dns_max_ttl: changeable(seconds, '15', {
    effect:
      'How long an address that was looked up is kept, whatever its own TTL. When it changes, servers of the old one are ' +
      'closed as they come free.',
  }),
  dns_nxdomain_ttl: changeable(seconds, '15', {
    effect: 'How long a failed lookup is kept.',
  }),
  dns_zone_check_period: changeable(seconds, '0', {
    effect: 'How often the serial of a DNS zone is asked for.',
    inert: 'names are looked up again after dns_max_ttl, whatever the zone says',
  }),
  pkt_buf: fixed(integer(1), '4096', {
    effect: 'Size of the buffer of each connection.',
    inert: 'buffers are shared by all connections and sized by what is measured best',
  }),
  resolv_conf: fixed(text, '', {
    effect: 'Another resolv.conf.',
    inert: 'names are looked up as the system does',
  }),
  sbuf_loopcnt: changeable(integer(0), '5', {
    effect: 'How often one connection is read before the others have their turn.',
    inert: 'every connection is read once in turn',
  }),
} as const;
