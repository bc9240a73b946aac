import { isSluiceError, ServerError } from '../errors/index.ts';
import {
  parseConnection,
  Session,
  type ConnectionTarget,
  type Secret,
  type TlsTarget,
} from '../session/index.ts';
import { AuthQuery, type AuthFile, type StoredUser } from './auth/index.ts';
import type { PoolerConfig } from './config/index.ts';
import type { Database } from './database.ts';
import { messageOf } from './login-failure.ts';
import { Refusal } from './refusal.ts';
import { describePlace } from './server-login.ts';

/** A session that nobody asked anything for so long is closed. */
const idleMs = 60_000;

/** What a client is told whose auth_query cannot be run. */
export const misconfiguredWords = 'bouncer config error';

/** What a pooler offers to them. */
interface AuthQueryFacts {
  readonly config: PoolerConfig;
  readonly users: { readonly file: AuthFile | null };
  readonly databases: { findForLogin(name: string): Database };
  serverTls(database: Database): TlsTarget;
}

interface Asking {
  readonly session: Promise<Session>;
  usedAtMs: number;
}

/**
 * Runs auth_query, as auth_user, for users that auth_file does not know.
 *
 * The sessions are our own: nothing that a client says before it has logged in reaches them.
 */
export class AuthQueries {
  readonly #pooler: AuthQueryFacts;
  readonly #sessions = new Map<string, Asking>();

  constructor(pooler: AuthQueryFacts) {
    this.#pooler = pooler;
  }

  /** Connections that are there to ask, or being made. */
  get sessionCount(): number {
    return this.#sessions.size;
  }

  /**
   * @returns null: no auth_user is configured, or the query knows nobody of that name
   * @throws Refusal  in the words for the client, with the reason for the log
   */
  async find(user: string, databaseName: string): Promise<StoredUser | null> {
    const { config } = this.#pooler;
    const { settings } = config;
    const entry = config.databases.get(databaseName) ?? config.databases.get('*');
    const authUser = entry?.authUser || settings.auth_user;
    // The console is no database that could be asked.
    const own = entry === undefined ? '' : databaseName;
    const at = entry?.authDbname || settings.auth_dbname || own;
    if (authUser === '' || at === '') return null;
    const database = this.#databaseToAsk(at);
    const query = new AuthQuery(entry?.authQuery || settings.auth_query, async (text, name) => {
      const session = await this.#sessionOf(database, authUser).catch(throwUnreachable);
      return this.#ask(session, text, name);
    });
    try {
      return await query.find(user);
    } catch (error) {
      if (error instanceof Refusal) throw error;
      throw isAnswer(error) ? misconfigured(error) : unreachable(error);
    }
  }

  #databaseToAsk(name: string): Database {
    try {
      return this.#pooler.databases.findForLogin(name);
    } catch (error) {
      throw misconfigured(error);
    }
  }

  /** A path that has gone silent must not hold up who logs in later: what does not answer is given up. */
  async #ask(session: Session, text: string, name: string): Promise<(string | null)[][]> {
    const { server_connect_timeout: seconds } = this.#pooler.config.settings;
    const late = seconds > 0 ? setTimeout(() => session.destroy(), seconds * 1000) : undefined;
    try {
      const { rows } = await session.query(text, [name]);
      return rows.map((row) => Object.values(row));
    } finally {
      clearTimeout(late);
    }
  }

  /** Closes what has not been used for a while; all of it at the end. */
  async close(isAll: boolean): Promise<void> {
    const closing: Promise<void>[] = [];
    for (const [key, { session, usedAtMs }] of this.#sessions) {
      if (!isAll && Date.now() - usedAtMs < idleMs) continue;
      this.#sessions.delete(key);
      closing.push(session.then((opened) => opened.close()).catch(() => undefined));
    }
    await Promise.all(closing);
  }

  async #sessionOf(database: Database, authUser: string): Promise<Session> {
    const place = { host: database.entry.hosts[0] ?? '', port: database.entry.port };
    const key = `${authUser}\0${database.serverName}\0${describePlace(place)}`;
    let asking = this.#sessions.get(key);
    if (asking !== undefined && !(await isOpen(asking))) {
      this.#sessions.delete(key);
      asking = this.#sessions.get(key);
    }
    if (asking === undefined) {
      const opened = { session: this.#open(database, authUser), usedAtMs: Date.now() };
      this.#sessions.set(key, opened);
      // Names that clients make up do not stay here.
      opened.session.catch(() => {
        if (this.#sessions.get(key) === opened) this.#sessions.delete(key);
      });
      asking = opened;
    }
    asking.usedAtMs = Date.now();
    return asking.session;
  }

  async #open(database: Database, authUser: string): Promise<Session> {
    const stored = this.#pooler.users.file?.find(authUser);
    return Session.connect(this.#targetOf(database, authUser, stored?.password ?? null), {
      purpose: 'pool auth_query',
      // An auth_query may name what the database's own search_path finds.
      inherit: ['search_path'],
    });
  }

  #targetOf(database: Database, user: string, password: Secret | null): ConnectionTarget {
    const { hosts, port } = database.entry;
    const target = parseConnection('postgres://', {});
    return {
      ...target,
      hosts: (hosts.length > 0 ? hosts : ['/tmp']).map((host) => ({ host, hostaddr: null, port })),
      user,
      database: database.serverName,
      password,
      connectTimeoutMs: this.#pooler.config.settings.server_connect_timeout * 1000,
      tls: this.#pooler.serverTls(database),
    };
  }
}

async function isOpen({ session }: Asking): Promise<boolean> {
  return session.then(
    (opened) => opened.isOpen,
    () => false,
  );
}

/** The server has answered, and not as auth_query is to be answered. */
function isAnswer(error: unknown): boolean {
  if (error instanceof ServerError) return !error.sqlstate.startsWith('57P');
  return isSluiceError(error, 'POOL_AUTH_QUERY');
}

function misconfigured(error: unknown): Refusal {
  return new Refusal('08P01', misconfiguredWords, `auth_query: ${messageOf(error)}`);
}

function unreachable(error: unknown): Refusal {
  const words = 'server login has been failing, try again later (server_login_retry)';
  return new Refusal('08P01', words, `auth_query: ${messageOf(error)}`);
}

function throwUnreachable(error: unknown): never {
  throw unreachable(error);
}
