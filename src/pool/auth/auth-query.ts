import { SluiceError } from '../../errors/index.ts';
import { Secret } from '../../session/index.ts';
import type { StoredUser } from './types.ts';

/** pgBouncer's: a password that has expired is no password. */
export const defaultAuthQuery =
  'SELECT rolname, CASE WHEN rolvaliduntil < now() THEN NULL ELSE rolpassword END' +
  ' FROM pg_authid WHERE rolname=$1 AND rolcanlogin';

/**
 * Runs auth_query: the text as it is, the user as its one parameter $1, by the extended protocol, text in and out.
 *
 * The connection is auth_user's own. Nothing that a client asked for in its startup message may reach it: with a
 * search_path of the client's choice the query would run the client's functions, before it has logged in.
 */
export type RunAuthQuery = (
  query: string,
  user: string,
) => Promise<readonly (readonly (string | null)[])[]>;

/**
 * The users of one database, by auth_query. Every login asks anew, so that a password that was changed or has
 * expired counts at once; logins of one user that come at the same time share an answer.
 */
export class AuthQuery {
  readonly #query: string;
  readonly #run: RunAuthQuery;
  readonly #running = new Map<string, Promise<StoredUser | null>>();

  constructor(query: string, run: RunAuthQuery) {
    this.#query = query;
    this.#run = run;
  }

  /** @throws POOL_AUTH_QUERY, and what `run` throws */
  find(user: string): Promise<StoredUser | null> {
    const running = this.#running.get(user);
    if (running) return running;
    const asked = this.#ask(user).finally(() => this.#running.delete(user));
    this.#running.set(user, asked);
    return asked;
  }

  async #ask(user: string): Promise<StoredUser | null> {
    return readAuthRows(user, await this.#run(this.#query, user));
  }
}

/**
 * No row, or a row whose user is NULL: no such user. A NULL password: the user exists, and no password is right
 * (default auth_query says so of one past its VALID UNTIL).
 *
 * @throws POOL_AUTH_QUERY  several rows, other than two columns, or another user than asked for
 */
export function readAuthRows(
  user: string,
  rows: readonly (readonly (string | null)[])[],
): StoredUser | null {
  const [row, ...more] = rows;
  if (row === undefined) return null;
  if (more.length > 0) throw bad(`returned ${rows.length} rows for one user`);
  if (row.length !== 2) throw bad(`returned ${row.length} columns`);
  const [name = null, password = null] = row;
  if (name === null) return null;
  if (name !== user) throw bad('returned another user than was asked for');
  return { name, password: password === null || password === '' ? null : new Secret(password) };
}

function bad(problem: string): SluiceError {
  return new SluiceError('POOL_AUTH_QUERY', { problem });
}
