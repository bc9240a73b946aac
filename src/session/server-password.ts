import { isSluiceError, SluiceError } from '../errors/index.ts';
import { findPassword, isSocketHost, socketFolders } from './target/index.ts';
import type { ConnectionTarget, TargetHost } from './target/index.ts';

/** The password for one server, or why there is none. */
export interface ServerPassword {
  readonly text: string | undefined;
  /** Adds what the password file says to an error about a missing password. */
  explain<T>(login: Promise<T>): Promise<T>;
}

export function findServerPassword(
  target: ConnectionTarget,
  host: TargetHost,
  place: string,
): ServerPassword {
  if (target.password !== null) return found(target.password.reveal());
  const lookup = findPassword(target.passwordFile, {
    host: passwordHost(host),
    port: host.port,
    database: target.database,
    user: target.user,
  });
  if ('password' in lookup) return found(lookup.password);
  return { text: undefined, explain: (login) => explainMissing(login, place, lookup.missing) };
}

function found(text: string): ServerPassword {
  return { text, explain: (login) => login };
}

/** The default socket folders count as localhost. */
function passwordHost(host: TargetHost): string {
  if (isSocketHost(host) && socketFolders.includes(host.host)) return 'localhost';
  return host.host === '' ? (host.hostaddr ?? '') : host.host;
}

async function explainMissing<T>(login: Promise<T>, place: string, missing: string): Promise<T> {
  try {
    return await login;
  } catch (cause) {
    if (!isSluiceError(cause, 'AUTH_PASSWORD_MISSING')) throw cause;
    const { method = '' } = cause.details;
    throw new SluiceError('SESSION_PASSWORD_MISSING', { place, method, missing }, { cause });
  }
}
