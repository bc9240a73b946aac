import { isSluiceError, ServerError } from '../errors/index.ts';
import { Refusal } from './refusal.ts';

/** Why servers of a pool could not be had the last time, and since when. */
export interface LoginFailure {
  /** In the words that clients are told: no addresses, and nothing that is for the log. */
  readonly message: string;
  /** The server's own, where it has refused the login. */
  readonly sqlstate: string;
  readonly atMs: number;
  /** The server refused the login, rather than not being there. */
  readonly isRefusal: boolean;
}

export function loginFailureOf(error: unknown): LoginFailure {
  const isItsOwn = isRefusal(error);
  return {
    message: clientWords(error),
    sqlstate: isItsOwn && error instanceof ServerError ? error.sqlstate : '08P01',
    atMs: Date.now(),
    isRefusal: isItsOwn,
  };
}

/** Of what a server was opened for that this client waits for. */
export function refusalOf(error: unknown): Refusal {
  if (error instanceof Refusal) return error;
  const { message, sqlstate, isRefusal: isItsOwn } = loginFailureOf(error);
  return new Refusal(sqlstate, isItsOwn ? message : cachedFailure(message), messageOf(error));
}

/** To clients that come after the one that it was found out for. */
export function cachedFailure(message: string): string {
  return `server login has been failing, cached error: ${message} (server_login_retry)`;
}

export function messageOf(error: unknown): string {
  return error instanceof Error ? error.message : String(error);
}

/** pgBouncer's, where the server has said nothing itself. */
export function clientWords(error: unknown): string {
  if (error instanceof ServerError) return error.fields.message;
  return isUnanswerable(error) ? 'server login failed: wrong password type' : 'connect failed';
}

function isRefusal(error: unknown): boolean {
  if (error instanceof ServerError) return !error.sqlstate.startsWith('57P');
  return isUnanswerable(error);
}

/** The server asks for what we have no secret for. */
function isUnanswerable(error: unknown): boolean {
  return isSluiceError(error, 'AUTH_PASSWORD_MISSING') || isSluiceError(error, 'AUTH_SECRET_UNFIT');
}
