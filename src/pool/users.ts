import type { Log } from '../service/index.ts';
import {
  AuthFile,
  loadAuthRules,
  type AuthRules,
  type StoredUser,
  type UserLookup,
} from './auth/index.ts';
import type { AuthQueries } from './auth-queries.ts';
import type { PoolSettings } from './config/index.ts';

/** Who may log in: auth_file first, then auth_query, by the rules of auth_type and the HBA file. */
export class Users implements UserLookup {
  rules: AuthRules;
  /** Null: no auth_file is configured. */
  file: AuthFile | null;
  readonly #queries: AuthQueries;

  private constructor(rules: AuthRules, file: AuthFile | null, queries: AuthQueries) {
    this.rules = rules;
    this.file = file;
    this.#queries = queries;
  }

  /** @throws POOL_AUTH_*  a file cannot be read or has a bad line */
  static async load(settings: PoolSettings, queries: AuthQueries): Promise<Users> {
    const [rules, file] = await Promise.all([loadAuthRules(settings), loadFile(settings)]);
    return new Users(rules, file, queries);
  }

  /** As after RELOAD; what was read before stays in force when a file is bad. */
  async reload(settings: PoolSettings): Promise<void> {
    const [rules, file] = await Promise.all([
      loadAuthRules(settings, this.rules),
      loadFile(settings),
    ]);
    this.rules = rules;
    this.file = file;
  }

  /** A changed auth_file is seen without RELOAD. @returns whether it was changed */
  async refresh(log: Log): Promise<boolean> {
    try {
      const isChanged = (await this.file?.reloadIfChanged()) ?? false;
      if (isChanged) log.info('auth_file was read again', { users: this.file?.size });
      return isChanged;
    } catch (error) {
      log.warn('auth_file cannot be read again; the users read before stay', { error });
      return false;
    }
  }

  async find(user: string, database: string): Promise<StoredUser | null> {
    return this.file?.find(user) ?? (await this.#queries.find(user, database));
  }
}

async function loadFile(settings: PoolSettings): Promise<AuthFile | null> {
  return settings.auth_file === '' ? null : AuthFile.load(settings.auth_file);
}
