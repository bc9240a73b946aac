import { findingsOf, type FindingSpecs } from '../service/index.ts';

/** What a check of a pool may find, by code; the manual's page is made from it. */
export const poolFindingSpecs = {
  CHECK_POOL_ADDRESS: {
    severity: 'warns',
    meaning:
      'Somebody listens where the pool is to listen. When it is this pool, which runs already, that is as it should be; ' +
      'otherwise it will not start.',
    remedy: 'stop what uses the address, or choose another one',
  },
  CHECK_POOL_AUTH_QUERY: {
    severity: 'blocks',
    meaning:
      'The server refuses auth_query, or answers it wrongly: users that auth_file does not have could not log in.',
    remedy: 'make auth_query, and what it calls, fit in the database that it runs in (auth_dbname)',
  },
  CHECK_POOL_CERTIFICATE: {
    severity: 'blocks',
    meaning: 'A server shows a certificate that server_tls_sslmode does not accept.',
    remedy: 'check server_tls_ca_file and the names in the certificate',
  },
  CHECK_POOL_CONFIG: {
    severity: 'warns',
    meaning: 'Something in the configuration has no effect.',
    remedy: 'take it out, or see docs/reference/pool.md for what does it',
  },
  CHECK_POOL_FILE: {
    severity: 'blocks',
    meaning:
      'A file that the configuration names cannot be read or has wrong lines: the pool would not start.',
    remedy: 'correct it',
  },
  CHECK_POOL_FOLDER: {
    severity: 'blocks',
    meaning:
      'Something of the pool cannot be written where it is to be: its Unix socket, pidfile or log. It would not start.',
    remedy:
      'make the folder, let the user of the pool write there, and remove what another user has left',
  },
  CHECK_POOL_LOGIN: {
    severity: 'blocks',
    meaning: 'A server refuses the user as whom the pool logs in. Its clients would be told so.',
    remedy: 'correct user and password of the database, or what the server lets in (pg_hba.conf)',
  },
  CHECK_POOL_OPEN_FILES: {
    severity: 'warns',
    meaning:
      'Every client takes a file descriptor, and every server one more: the last clients would be cut off.',
    remedy: 'raise the limit (ulimit -n, LimitNOFILE=), or lower max_client_conn',
  },
  CHECK_POOL_RUNNING: {
    severity: 'warns',
    meaning:
      'The process that the pidfile names runs. When it is this pool, that is as it should be; otherwise the pool will ' +
      'not start.',
    remedy: 'stop that process, or choose another pidfile',
  },
  CHECK_POOL_SECRETS: {
    severity: 'warns',
    meaning: 'Every user of the machine may read a file with secrets.',
    remedy: 'chmod o-rwx',
  },
  CHECK_POOL_SERVER: {
    severity: 'warns',
    meaning:
      'A server of a database cannot be reached now. Its clients would wait until it can, or be refused.',
    remedy: 'check host and port, and whether it runs',
  },
} as const satisfies FindingSpecs;

export const find = findingsOf(poolFindingSpecs);
