import type { ErrorSpecs } from './spec.ts';

const writeItSo =
  'correct it; the manual page "Database connection strings" lists what is understood';

export const sessionErrors = {
  SERVER_ERROR: {
    decision: 'fix',
    message: '{place} answered {sqlstate}: {message}',
    remedy: 'see the SQLSTATE in the PostgreSQL manual, appendix A',
  },
  SESSION_CLOSED: {
    decision: 'reconnect',
    message: 'the session with {place} is closed',
    remedy: 'open a new one',
  },
  SESSION_COMMAND_RESULT: {
    decision: 'stop',
    message: '{command} was answered without {expected}',
    remedy: 'check what stands between us and the server: it does not pass replication commands on',
  },
  SESSION_CONFIRM_BACKWARDS: {
    decision: 'bug',
    message: 'slot {slot} has confirmed {confirmed}, and {position} was to be confirmed after it',
    remedy: 'report it with the log around it; nothing was told to the server',
  },
  SESSION_CONNECT: {
    decision: 'reconnect',
    message: 'cannot connect to {place}: {reason}',
    remedy:
      'check the address, that the server runs, listens there and lets us through the firewall',
  },
  SESSION_CONNECT_TIMEOUT: {
    decision: 'reconnect',
    message: 'connecting to {place} took longer than {timeoutMs} ms',
    remedy: 'check the address and the network, or raise connect_timeout',
  },
  SESSION_COPY_CUT: {
    decision: 'reconnect',
    message: 'the data for a COPY to {place} stopped in the middle of a message',
    remedy: 'connect again; the server has taken nothing of that COPY',
  },
  SESSION_COPY_EXPECTED: {
    decision: 'bug',
    message: 'the statement is no COPY {direction}',
    remedy: 'use query for other statements',
  },
  SESSION_COPY_IN_QUERY: {
    decision: 'bug',
    message: 'COPY and streams do not go through query ({place})',
    remedy: 'use copyIn, copyOut or startReplication',
  },
  SESSION_COPY_OVER: {
    decision: 'bug',
    message: 'this COPY to {place} was ended or failed already',
    remedy: 'end or fail it once',
  },
  SESSION_FILE: {
    decision: 'fix',
    message: '{what} {path} cannot be used',
    remedy: 'make sure that it exists, that we may read it, and that it holds what its name says',
  },
  SESSION_IDENTITY: {
    decision: 'fix',
    message: 'the certificate of the server is not for {host}: it names {names}',
    remedy:
      'connect by a name the certificate holds, have it issued for this one, or check who answers there',
  },
  SESSION_KEY_OPEN: {
    decision: 'fix',
    message: 'others can read the private key {path}',
    remedy: 'chmod 600 it',
  },
  SESSION_LOST: {
    decision: 'reconnect',
    message: 'the connection to {place} was lost: {reason}',
    remedy: 'connect again; if it repeats, look into the server log and the network',
  },
  SESSION_NO_HOST: {
    decision: 'reconnect',
    message: 'no host of the connection string serves (target_session_attrs={wanted}): {reasons}',
    remedy: 'bring one of them up, or correct the list',
  },
  SESSION_PASSWORD_MISSING: {
    decision: 'fix',
    message: '{place} asks for a password ({method}), none was given, and {missing}',
    remedy: 'put it into the connection string, PGPASSWORD or the password file',
  },
  SESSION_ROOT_MISSING: {
    decision: 'fix',
    message: 'sslmode={mode} needs a root certificate and {path} is not there',
    remedy: 'name one with sslrootcert, or trust the public authorities with sslrootcert=system',
  },
  SESSION_SERVER_SILENT: {
    decision: 'reconnect',
    message: '{place} has sent nothing for {silentMs} ms, though asked to',
    remedy: 'connect again; if it repeats, look into the server log and the network',
  },
  SESSION_SERVICE_MISSING: {
    decision: 'fix',
    message: '{origin} names the service {name}, which is not in {files}',
    remedy: 'add a section of that name, or set PGSERVICEFILE to the file that has it',
  },
  SESSION_SETTINGS: {
    decision: 'fix',
    message: 'settings that we depend on are not in force at {place}: {names}',
    remedy:
      'connect to the server itself: a pooler in between does not pass them on (consumers can do without: --no-listen)',
  },
  SESSION_STREAM_ENDED: {
    decision: 'reconnect',
    message: '{place} ended the stream of slot {slot}',
    remedy: 'connect again; a server that shuts down ends its streams',
  },
  SESSION_STREAM_TAKEN: {
    decision: 'bug',
    message: 'the stream of slot {slot} is iterated already',
    remedy: 'iterate it once',
  },
  SESSION_STRING: {
    decision: 'fix',
    message: '{origin}, {part}: expected {expected}',
    remedy: writeItSo,
  },
  SESSION_TLS: {
    decision: 'fix',
    message: 'no encrypted connection to {place}: {reason}',
    remedy: 'check ssl on the server, sslmode and the certificates on both sides',
  },
  SESSION_UNEXPECTED: {
    decision: 'reconnect',
    message: '{place} sent message {tag}, which nobody waits for',
    remedy: 'connect again; if it repeats, something between us and the server alters the bytes',
  },
  SESSION_UNKNOWN_KEYWORD: {
    decision: 'fix',
    message: '{origin} holds the unknown keyword "{name}" (nearest known: {nearest})',
    remedy: writeItSo,
  },
  SESSION_UNSUPPORTED: {
    decision: 'fix',
    message: '{origin} asks for {what}, which we cannot give',
    remedy: '{instead}',
  },
  SESSION_VALUE: {
    decision: 'fix',
    message: '{origin}, keyword {name}: expected {expected}',
    remedy: writeItSo,
  },
  SESSION_VERSION: {
    decision: 'fix',
    message: '{place} reports the version "{text}"',
    remedy: 'connect to PostgreSQL itself',
  },
  SESSION_WRONG_KIND: {
    decision: 'reconnect',
    message: '{place} is {kind}, wanted is one {wanted}',
    remedy: 'name other hosts, wait for a failover to finish, or relax target_session_attrs',
  },
} as const satisfies ErrorSpecs;
