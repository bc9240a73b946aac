import type { ErrorSpecs } from './spec.ts';

const alteredBytes =
  'reconnect; if it repeats, something between us and the server alters the bytes';

export const wireErrors = {
  AUTH_CHANNEL_BINDING: {
    decision: 'fix',
    message: 'channel binding is required, but {reason}',
    remedy: 'connect over TLS to a server that offers SCRAM-SHA-256-PLUS, or relax channel_binding',
  },
  AUTH_MECHANISM: {
    decision: 'fix',
    message: 'the server offers only SASL mechanisms we do not speak: {offered}',
    remedy: 'let the server offer SCRAM-SHA-256 (password_encryption, pg_hba.conf)',
  },
  AUTH_METHOD_REFUSED: {
    decision: 'fix',
    message: 'the server asks for authentication by {method}, require_auth allows {allowed}',
    remedy: 'change require_auth, or what pg_hba.conf asks of us',
  },
  AUTH_PASSWORD_MISSING: {
    decision: 'fix',
    message: 'the server asks for a password ({method}), and none was given',
    remedy: 'put it into the connection string, PGPASSWORD or the password file',
  },
  AUTH_SCRAM_ITERATIONS: {
    decision: 'fix',
    message: 'the server asks for {iterations} SCRAM iterations, allowed 1 to {limit}',
    remedy: 'lower scram_iterations on the server and set the password again',
  },
  AUTH_SEQUENCE: {
    decision: 'stop',
    message: 'the server sent {got} where {expected} was due',
    remedy: 'do not trust this server: it tries to skip a step of the authentication',
  },
  AUTH_SERVER_PROOF: {
    decision: 'stop',
    message: 'the server could not prove that it knows the password: {reason}',
    remedy: 'do not trust this server: check the address and the certificate',
  },
  AUTH_UNSUPPORTED: {
    decision: 'fix',
    message: 'the server asks for {method} authentication, which we do not speak',
    remedy: 'allow scram-sha-256, md5, password, cert or trust for us in pg_hba.conf',
  },
  PROTO_BIND_COUNT: {
    decision: 'bug',
    message: 'a Bind of {expected} parameters got {got} values',
    remedy: 'report it with the versions in use',
  },
  PROTO_COPY_CELL: {
    decision: 'stop',
    message: 'field {field}: a cell of kind {kind} cannot be written to a {format} COPY',
    remedy: 'report it with the column types: the stream and the COPY disagree on a format',
  },
  PROTO_FIELD: {
    decision: 'reconnect',
    message: '{what}: expected {expected}, got {got}',
    remedy: alteredBytes,
  },
  PROTO_FRAME_LENGTH: {
    decision: 'reconnect',
    message: 'message {tag} announces {length} bytes, allowed 4 to {limit}',
    remedy: alteredBytes,
  },
  PROTO_LSN: {
    decision: 'fix',
    message: '{text} is not a position in the write-ahead log',
    remedy: 'write it as PostgreSQL does, for example 0/16B3748',
  },
  PROTO_NEGOTIATION: {
    decision: 'stop',
    message: 'the server answers protocol {requested} with {offered}: {reason}',
    remedy: 'ask for protocol 3.0, or update what stands between us and the server',
  },
  PROTO_NUL_BYTE: {
    decision: 'fix',
    message: '{what} holds a zero byte, which PostgreSQL text cannot hold',
    remedy: 'remove the zero byte',
  },
  PROTO_TRAILING: {
    decision: 'reconnect',
    message: '{what} has {left} bytes after its end',
    remedy: alteredBytes,
  },
  PROTO_TRUNCATED: {
    decision: 'reconnect',
    message: '{what} ends early: {needed} bytes needed, {left} left',
    remedy: alteredBytes,
  },
  PROTO_UNKNOWN_MESSAGE: {
    decision: 'stop',
    message: '{context} brought message {tag}, which we do not know',
    remedy: 'update sluice: the server is newer than what it knows; nothing was skipped',
  },
} as const satisfies ErrorSpecs;
