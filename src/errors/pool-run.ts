import type { ErrorSpecs } from './spec.ts';

/** A pooler as a process. */
export const poolRunErrors = {
  POOL_LOG_FILE: {
    decision: 'fix',
    message: 'logfile {file} cannot be written: {reason}',
    remedy: 'make its folder, and let the user of the pooler write there',
  },
  POOL_NOT_CONFIGURED: {
    decision: 'fix',
    message: '{file} has no [pool] section',
    remedy: 'add one (docs/pool.md), or name a pgbouncer.ini',
  },
  POOL_TAKEOVER: {
    decision: 'fix',
    message: '-R: the running process goes on as before: {problem}',
    remedy:
      'start it anew as the same system user, with unix_socket_dir set and one worker; or run the new process beside ' +
      'the old one (so_reuseport = 1, peer_id, [peers]), then send the old one SIGTERM: it ends when its clients have ' +
      'left (docs/pool.md)',
  },
  POOL_USER: {
    decision: 'fix',
    message: "failed to assume identity of user '{user}': {reason}",
    remedy: 'start as root, or as that user without -u and without the key user',
  },
} as const satisfies ErrorSpecs;
