import type { ErrorSpecs } from './spec.ts';

/** Clients that log in to us, and the files that say who may. */
export const poolAuthErrors = {
  AUTH_CLIENT_BINDING: {
    decision: 'reconnect',
    message: 'the client and we disagree about channel binding: {reason}',
    remedy: 'if nobody strips our offers on the way, check channel_binding of the client',
  },
  AUTH_CLIENT_MESSAGE: {
    decision: 'reconnect',
    message: 'malformed {what} from the client: expected {expected}',
    remedy: 'check the driver of the client',
  },
  AUTH_SECRET_UNFIT: {
    decision: 'fix',
    message: 'the server asks for {method}, which {secret} cannot answer',
    remedy: 'give the password itself, or store the same secret here and on the server',
  },
  POOL_AUTH_FILE: {
    decision: 'fix',
    message: '{problems}',
    remedy: 'correct the file; nothing was started and nothing was changed',
  },
  POOL_AUTH_FILE_UNREADABLE: {
    decision: 'fix',
    message: '{setting}: {file} cannot be read: {reason}',
    remedy: 'make sure that it exists and that we may read it',
  },
  POOL_AUTH_QUERY: {
    decision: 'fix',
    message: 'auth_query {problem}',
    remedy: 'it must return two columns, the user and the password, and at most one row',
  },
  POOL_AUTH_SETTING: {
    decision: 'fix',
    message: 'auth_type={authType} needs {setting}',
    remedy: 'name the file, or choose another auth_type',
  },
} as const satisfies ErrorSpecs;
