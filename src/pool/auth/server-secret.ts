import { isDeepStrictEqual } from 'node:util';
import type { AuthenticationSecret } from '../../wire/index.ts';
import { storedSecretOf } from './stored-secret.ts';
import type { Credentials } from './types.ts';

/**
 * How to log in to a server with what a client's login left behind: the password where it is known, else the MD5
 * secret, else the keys of the client's proof.
 *
 * @returns null: nothing that could answer a request for a password
 */
export function serverSecretOf(credentials: Credentials): AuthenticationSecret | null {
  const { user: name, password, scramKeys } = credentials;
  const stored = storedSecretOf({ name, password });
  if (stored.kind === 'plain') return { kind: 'password', password: stored.password };
  if (stored.kind === 'md5') return { kind: 'md5', hash: stored.hash };
  return scramKeys ? { kind: 'scramKeys', ...scramKeys } : null;
}

/** Whether a server would be shown the same by both. */
export function isSameServerSecret(a: Credentials, b: Credentials): boolean {
  return isDeepStrictEqual(serverSecretOf(a), serverSecretOf(b));
}
