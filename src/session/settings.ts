import { dependsOnReadOnlyDefault } from './session-attributes.ts';
import type { ConnectionTarget } from './target/index.ts';

const readOnlyDefault = 'default_transaction_read_only';

/**
 * What every session of ours depends on, in PostgreSQL's own spelling of the values, so that reading
 * them back compares equal. Sent in the startup message: there it wins over every default of server,
 * database and role, and no timeout can strike before it is in force.
 */
const safeSettings: Readonly<Record<string, string>> = {
  // Nothing may end or fail our statements but ourselves.
  statement_timeout: '0',
  lock_timeout: '0',
  idle_in_transaction_session_timeout: '0',
  idle_session_timeout: '0',
  exit_on_error: 'off',
  // Transactions do what we say, whatever the default.
  default_transaction_isolation: 'read committed',
  [readOnlyDefault]: 'off',
  default_transaction_deferrable: 'off',
  // A filtered COPY must be an error, not fewer rows.
  row_security: 'off',
  gin_fuzzy_search_limit: '0',
  // Names mean what they say.
  search_path: '',
  standard_conforming_strings: 'on',
  quote_all_identifiers: 'off',
  transform_null_equals: 'off',
  array_nulls: 'on',
  // The same value has the same text on every server.
  client_encoding: 'UTF8',
  DateStyle: 'ISO, MDY',
  IntervalStyle: 'postgres',
  TimeZone: 'UTC',
  timezone_abbreviations: 'Default',
  bytea_output: 'hex',
  extra_float_digits: '3',
  lc_monetary: 'C',
  lc_numeric: 'C',
  lc_time: 'C',
  xmlbinary: 'base64',
  xmloption: 'content',
};

/** The server ends a replication connection that is silent for so long; we speak every 10 s. */
const replicationSettings: Readonly<Record<string, string>> = {
  wal_sender_timeout: '1min',
};

export interface SessionSettings {
  /** Startup parameters of the session. */
  readonly startup: Readonly<Record<string, string>>;
  /** Set once the server has told what it is. */
  readonly late: Readonly<Record<string, string>>;
  /** What must be in force afterwards. */
  readonly expected: Readonly<Record<string, string>>;
}

export interface SettingsOptions {
  /** What the session is for; part of its application_name. */
  readonly purpose?: string | undefined;
  readonly replication?: boolean | undefined;
  /** Other settings, or other values for ours. */
  readonly settings?: Readonly<Record<string, string>> | undefined;
  /**
   * A pooler in transaction mode is in between: nothing of a session is ours, and only the settings are asked for that
   * poolers know. SQL must not depend on any other.
   */
  readonly isPooled?: boolean | undefined;
  /** Settings of ours that stay as the server, database and role have them: for sessions that users write SQL in. */
  readonly inherit?: readonly string[] | undefined;
}

export function buildSettings(target: ConnectionTarget, options: SettingsOptions): SessionSettings {
  const isReplication = options.replication === true;
  const all = isReplication ? { ...safeSettings, ...replicationSettings } : { ...safeSettings };
  const own = without(all, options.inherit ?? []);
  if (options.isPooled === true) return pooledSettings(target, options, own);
  const changed = options.settings ?? {};
  const late = dependsOnReadOnlyDefault(target.targetSessionAttrs) ? [readOnlyDefault] : [];
  return {
    startup: {
      user: target.user,
      database: target.database,
      ...(isReplication ? { replication: 'database' } : {}),
      ...(target.options === null ? {} : { options: target.options }),
      application_name: applicationName(target, options.purpose),
      ...without(own, late),
      ...changed,
    },
    late: without(pick(own, late), Object.keys(changed)),
    expected: without(own, Object.keys(changed)),
  };
}

/** What pgBouncer, and with it every pooler, carries from server to server. */
const pooledNames = ['client_encoding', 'DateStyle', 'TimeZone', 'standard_conforming_strings'];

function pooledSettings(
  target: ConnectionTarget,
  options: SettingsOptions,
  own: Readonly<Record<string, string>>,
): SessionSettings {
  return {
    startup: {
      user: target.user,
      database: target.database,
      application_name: applicationName(target, options.purpose),
      ...pick(own, pooledNames),
    },
    late: {},
    expected: pick(own, pooledNames),
  };
}

function without(
  settings: Record<string, string>,
  names: readonly string[],
): Record<string, string> {
  return Object.fromEntries(Object.entries(settings).filter(([name]) => !names.includes(name)));
}

function pick(
  settings: Readonly<Record<string, string>>,
  names: readonly string[],
): Record<string, string> {
  return Object.fromEntries(Object.entries(settings).filter(([name]) => names.includes(name)));
}

/** `sluice copy`, then what the connection string asks for. */
function applicationName(target: ConnectionTarget, purpose: string | undefined): string {
  const own = purpose === undefined ? 'sluice' : `sluice ${purpose}`;
  return target.applicationName === null ? own : `${own} (${target.applicationName})`;
}

/** Settings that fewer servers know than we support: sent only where the server is known to have them. */
export const transactionTimeout = { name: 'transaction_timeout', sinceVersion: 170_000 } as const;

/** The names whose value in force is another than expected, one text per row. */
export function settingsCheckSql(expected: Readonly<Record<string, string>>): string {
  const rows = Object.entries(expected).map(([name, value]) => `('${name}', '${value}')`);
  return `SELECT name FROM (VALUES ${rows.join(', ')}) wanted (name, value)
    WHERE pg_catalog.current_setting(name) IS DISTINCT FROM value`;
}
