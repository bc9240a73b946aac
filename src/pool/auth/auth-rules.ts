import { randomBytes } from 'node:crypto';
import { SluiceError } from '../../errors/index.ts';
import { ScramKeyCache } from '../../wire/index.ts';
import type { AuthType, PoolSettings } from '../config/index.ts';
import { loadHba, type HbaRules } from './hba.ts';

/** The settings that say who may log in. */
export type AuthSettings = Pick<
  PoolSettings,
  | 'admin_users'
  | 'auth_hba_file'
  | 'auth_ident_file'
  | 'auth_type'
  | 'scram_iterations'
  | 'stats_users'
>;

/** What a user may do on the console. */
export type ConsoleAccess = 'admin' | 'stats';

/** What survives a RELOAD: a salt that changed would tell known users from unknown ones. */
interface Lasting {
  readonly processKey: Buffer;
  readonly keyCache: ScramKeyCache;
}

/** Who may log in and how, as the settings and the files they name stood when they were read. */
export class AuthRules {
  readonly authType: AuthType;
  /** Null unless auth_type is hba. */
  readonly hba: HbaRules | null;
  readonly adminUsers: ReadonlySet<string>;
  readonly statsUsers: ReadonlySet<string>;
  readonly scramIterations: number;
  /** Makes the salts of users who are unknown or whose password is stored in plain text. */
  readonly processKey: Buffer;
  readonly keyCache: ScramKeyCache;
  /**
   * What auth_type=md5 asked the last known user for. Unknown users are asked the same: in a list of one kind of
   * secret they look like all the others.
   */
  md5Asks: 'md5' | 'scram-sha-256' = 'md5';

  constructor(settings: AuthSettings, hba: HbaRules | null, lasting: Lasting) {
    this.authType = settings.auth_type;
    this.hba = hba;
    this.adminUsers = new Set(settings.admin_users);
    this.statsUsers = new Set(settings.stats_users);
    this.scramIterations = settings.scram_iterations;
    this.processKey = lasting.processKey;
    this.keyCache = lasting.keyCache;
  }

  /** @returns null: none */
  consoleAccess(user: string): ConsoleAccess | null {
    if (this.authType === 'any' || this.adminUsers.has(user)) return 'admin';
    return this.statsUsers.has(user) ? 'stats' : null;
  }
}

const processKeyBytes = 32;

/**
 * @param previous  the rules in force: RELOAD keeps them when this fails
 * @throws POOL_AUTH_FILE, POOL_AUTH_FILE_UNREADABLE, POOL_AUTH_SETTING
 */
export async function loadAuthRules(
  settings: AuthSettings,
  previous?: AuthRules,
): Promise<AuthRules> {
  const lasting = previous ?? {
    processKey: randomBytes(processKeyBytes),
    keyCache: new ScramKeyCache(),
  };
  return new AuthRules(settings, await loadHbaOf(settings), lasting);
}

async function loadHbaOf(settings: AuthSettings): Promise<HbaRules | null> {
  if (settings.auth_type !== 'hba') return null;
  if (settings.auth_hba_file === '') {
    const setting = 'auth_hba_file';
    throw new SluiceError('POOL_AUTH_SETTING', { authType: settings.auth_type, setting });
  }
  return loadHba(settings.auth_hba_file, settings.auth_ident_file);
}
