import { changeable, fixed } from './setting-key.ts';
import { fileMode, flag, integer, list, text } from './value-type.ts';

const inListen = '`listen`';

export const listenKeys = {
  listen_addr: fixed(list, '', {
    effect:
      'Addresses and host names to listen on for TCP, with commas between them; `*` is every address. Empty: Unix ' +
      'socket only.',
    why: 'nothing is reachable from other machines that was not asked for',
    elsewhere: inListen,
  }),
  listen_backlog: fixed(integer(0), '128', {
    effect:
      'Connections the kernel keeps waiting until they are accepted; when full, it drops new ones.',
    why: 'the kernel cuts it at net.core.somaxconn, often 4096',
  }),
  listen_port: fixed(integer(0, 65_535), '6432', {
    effect: 'Port of the TCP addresses and of the Unix socket. 0 takes a free one and logs it.',
    why: "one thousand above PostgreSQL's",
    elsewhere: inListen,
  }),
  so_reuseport: fixed(flag, '0', {
    effect:
      'Several processes listen on the same TCP port and the kernel spreads connections over them. Each needs its own ' +
      '`unix_socket_dir`, and `peer_id` with `[peers]` so that a cancel request finds its process.',
    why: 'a second process on the port is a mistake unless it was meant; for more cores in one process there is `workers`',
  }),
  unix_socket_dir: fixed(text, '/tmp', {
    effect:
      'Folder of our Unix socket, also where servers are looked for whose database names no host. Empty: no Unix socket; ' +
      'a name that begins with `@` is in the abstract namespace.',
    elsewhere: inListen,
  }),
  unix_socket_group: fixed(text, '', {
    effect:
      'Group that owns the Unix socket. Together with `unix_socket_mode` it says who may connect.',
    why: 'the group of the process',
  }),
  unix_socket_mode: fixed(fileMode, '0777', {
    effect: 'Permission bits of the Unix socket, in octal. Not used in the abstract namespace.',
    why: 'every local user may connect; who may log in is decided by `auth_type`',
  }),
  workers: fixed(integer(1, 64), '1', {
    effect:
      'Threads that share the port, one set of limits, one console and one set of statistics. Server connections stay ' +
      'within the limits over all of them.',
    why: 'one core moves some tens of thousands of transactions a second',
    isOurs: true,
  }),
  tcp_defer_accept: changeable(integer(0), '1', {
    effect: 'Waking up only when a new client has sent something.',
    inert: 'Node.js does not offer TCP_DEFER_ACCEPT',
    harmless: ['0'],
  }),
  tcp_keepalive: changeable(flag, '1', {
    effect:
      'TCP keepalive on client and server connections, so that a peer that vanished is noticed.',
    why: 'a firewall or a crashed machine would otherwise hold a server for ever',
  }),
  tcp_keepcnt: changeable(integer(0), '0', {
    effect:
      'Keepalives without an answer before the connection is dead. 0: as the system says (Linux: 9).',
  }),
  tcp_keepidle: changeable(integer(0), '0', {
    effect: 'Idle seconds before the first keepalive. 0: as the system says (Linux: 7200).',
  }),
  tcp_keepintvl: changeable(integer(0), '0', {
    effect: 'Seconds between keepalives. 0: as the system says (Linux: 75).',
  }),
  tcp_socket_buffer: changeable(integer(0), '0', {
    effect: "Size of the kernel's buffers of each connection. 0: as the system says.",
    inert: 'Node.js does not set socket buffers; the kernel tunes them itself',
  }),
  tcp_user_timeout: changeable(integer(0), '0', {
    effect:
      'Milliseconds that sent data may stay without acknowledgement before the connection is dead. 0: as the system says.',
    inert:
      'Node.js does not offer TCP_USER_TIMEOUT; use tcp_keepidle, tcp_keepintvl and tcp_keepcnt',
  }),
} as const;
