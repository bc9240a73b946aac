import type { ErrorSpecs } from './spec.ts';

/** The pooler at work: its servers, its clients, its sockets. */
export const poolErrors = {
  POOL_LISTEN: {
    decision: 'fix',
    message: 'cannot listen on {address}: {reason}',
    remedy:
      'stop what uses the address, or choose another one (listen_addr, listen_port, unix_socket_dir)',
  },
  POOL_LISTEN_ADDRESS: {
    decision: 'fix',
    message: 'cannot listen on {address}: {reason}',
    remedy: 'give listen_addr addresses of this machine, names that lead to them, or * for all',
  },
  POOL_LISTEN_NOTHING: {
    decision: 'fix',
    message: '{file} names no address to listen on',
    remedy: 'set listen_addr or unix_socket_dir',
  },
  POOL_LISTEN_SOCKET: {
    decision: 'fix',
    message: 'cannot make the Unix socket {path}: {reason}',
    remedy:
      'let the user of the pooler write in unix_socket_dir, and remove a socket that another user has left there',
  },
  POOL_THREAD_ENDED: {
    decision: 'reconnect',
    message: 'thread {index} of the pooler ended unasked',
    remedy: 'see the log before this; the whole pooler ends, to be started again with right counts',
  },
  POOL_SERVER_CERTIFICATE: {
    decision: 'fix',
    message: 'the certificate of server {place} is not accepted: {reason}',
    remedy:
      'check server_tls_ca_file, the names in the certificate, and server_tls_sslmode (or the same of the database)',
  },
  POOL_SERVER_NONSENSE: {
    decision: 'reconnect',
    message: 'server {place} sent {problem} (message {tag})',
    remedy: 'check what stands between us and the server; the connection was closed',
  },
  POOL_SERVER_KIND: {
    decision: 'reconnect',
    message: 'server {place} is not {wanted}',
    remedy: 'check target_session_attrs and the hosts of the database',
  },
  POOL_SERVER_LOST: {
    decision: 'reconnect',
    message: 'server {place} closed the connection: {reason}',
    remedy: 'see its log; clients that wait go on waiting',
  },
  POOL_SERVER_TIMEOUT: {
    decision: 'reconnect',
    message: 'logging in to server {place} took longer than {seconds} s',
    remedy: 'check the address and the network, or raise server_connect_timeout',
  },
  POOL_SERVER_UNREACHABLE: {
    decision: 'reconnect',
    message: 'server {place} cannot be reached: {reason}',
    remedy: 'check host and port, that it runs, and what stands between us and it',
  },
  POOL_TLS: {
    decision: 'fix',
    message: '{setting} {path} {problem}',
    remedy: 'name PEM files: a certificate, and the key that belongs to it, without a passphrase',
  },
} as const satisfies ErrorSpecs;
