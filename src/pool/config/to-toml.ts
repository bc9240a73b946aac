import { resolve } from 'node:path';
import type { EntryKeys } from './keys/entry-key.ts';
import { databaseKeys, peerKeys, userKeys } from './keys/entries.ts';
import { settingKey, settingNames, type SettingName } from './keys/index.ts';
import { path } from './keys/value-type.ts';
import { formatListen } from './listen-addresses.ts';
import { loadIniTexts, type IniTexts } from './load-ini.ts';
import { sectionNames } from './section.ts';
import type { PoolerConfig } from './types.ts';

/**
 * The sluice.toml that does what a pgbouncer.ini does. Passwords do not appear in it: such a connection string is to be
 * set as an environment variable, which a comment says.
 *
 * @throws POOL_CONFIG when the ini cannot be used
 */
export async function convertToToml(file: string): Promise<string> {
  const { config, texts } = await loadIniTexts(file);
  const names = nameConnections([...config.databases.keys()]);
  const sections = [
    [`# Made from ${file} by "sluice pool convert".`, ...leftOut(config)],
    ['[databases]', ...connectionLines(config, texts, names)],
    serviceSection(config),
    ['[pool]', ...settingLines(config)],
    ...databaseSections(texts, names),
    ...[...texts.users].map(([name, given]) => [
      `[pool.users.${tomlKey(name)}]`,
      ...entryLines(userKeys, given),
    ]),
    ...[...texts.peers].map(([id, given]) => [
      `[pool.peers.${id}]`,
      ...entryLines(peerKeys, given),
    ]),
  ];
  return sections
    .filter((lines) => lines.length > 0)
    .map((lines) => `${lines.join('\n')}\n`)
    .join('\n');
}

/** How a database of the pool is called in `[databases]`, and the variable that may hold its connection string. */
interface ConnectionName {
  readonly name: string;
  readonly variable: string;
}

function nameConnections(databases: readonly string[]): Map<string, ConnectionName> {
  const takenNames = new Set(databases);
  const takenVariables = new Set<string>();
  return new Map(
    databases.map((database) => {
      const name = database === '*' ? makeUnique('any', takenNames) : database;
      const stem = `POOL_${name.toUpperCase().replaceAll(/[^A-Z0-9]+/g, '_')}_URL`;
      return [database, { name, variable: makeUnique(stem, takenVariables) }];
    }),
  );
}

function makeUnique(name: string, taken: Set<string>): string {
  let unique = name;
  for (let count = 2; taken.has(unique); count += 1) unique = `${name}_${count}`;
  taken.add(unique);
  return unique;
}

/** What the ini said and the TOML does not. */
function leftOut({ given }: PoolerConfig): string[] {
  const elsewhere = new Set<SettingName>([
    'listen_addr',
    'listen_port',
    'unix_socket_dir',
    'logfile',
    'verbose',
    'server_tls_sslmode',
    'server_tls_ca_file',
    'server_tls_cert_file',
    'server_tls_key_file',
  ]);
  return settingNames
    .filter((name) => given.has(name) && !elsewhere.has(name) && !sectionNames.includes(name))
    .map((name) => {
      const key = settingKey(name);
      const why = key.inert ?? `belongs to ${key.elsewhere}`;
      return `# Left out: ${name} (${why}).`;
    });
}

function connectionLines(
  config: PoolerConfig,
  texts: IniTexts,
  names: ReadonlyMap<string, ConnectionName>,
): string[] {
  return [...texts.databases].flatMap(([database, given]) => {
    const { name = database, variable = '' } = names.get(database) ?? {};
    const words = connectionWords(config, database, given);
    if (!given.has('user') || !given.has('password')) {
      return [`${tomlKey(name)} = ${tomlText(words.join(' '))}`];
    }
    return [
      `# Its password is not repeated here. Set the environment variable ${variable} to:`,
      `#   ${[...words, 'password=***'].join(' ')}`,
      `${tomlKey(name)} = { url_env = ${tomlText(variable)} }`,
    ];
  });
}

/** What the ini says of the servers; the host and the port always, so that no PG* variable says another. */
function connectionWords(
  { settings }: PoolerConfig,
  database: string,
  given: ReadonlyMap<string, string>,
): string[] {
  const words: readonly (readonly [string, string | undefined])[] = [
    ['host', given.get('host') ?? (settings.unix_socket_dir || '/tmp')],
    ['port', given.get('port') ?? '5432'],
    ['dbname', given.get('dbname') ?? (database === '*' ? undefined : database)],
    ['user', given.get('user')],
    ['target_session_attrs', given.get('target_session_attrs')],
    ['sslmode', settings.server_tls_sslmode],
    ['sslrootcert', fileWord(settings.server_tls_ca_file)],
    ['sslcert', fileWord(settings.server_tls_cert_file)],
    ['sslkey', fileWord(settings.server_tls_key_file)],
  ];
  return words.flatMap(([key, value]) =>
    value === undefined ? [] : [`${key}=${quoteWord(value)}`],
  );
}

function fileWord(name: string): string | undefined {
  return name === '' ? undefined : resolve(name);
}

function quoteWord(value: string): string {
  return /^[^\s'\\]+$/.test(value) ? value : `'${value.replaceAll(/['\\]/g, String.raw`\$&`)}'`;
}

function serviceSection({ settings }: PoolerConfig): string[] {
  const lines = [
    ...(settings.logfile === '' ? [] : [`log_file = ${tomlText(resolve(settings.logfile))}`]),
    ...(settings.verbose === 0 ? [] : ['log_level = "debug"']),
  ];
  return lines.length === 0 ? [] : ['[service]', ...lines];
}

function settingLines({ settings, given }: PoolerConfig): string[] {
  const listen = formatListen({
    hosts: settings.listen_addr,
    port: settings.listen_port,
    folder: settings.unix_socket_dir,
  });
  return [
    `listen = [${listen.map(tomlText).join(', ')}]`,
    ...sectionNames.flatMap((name) => {
      const text = given.get(name);
      if (text === undefined) return [];
      const { type } = settingKey(name);
      const value = type === path && text !== '' ? resolve(text) : text;
      return [`${name} = ${escapeDelete(type.toToml(value))}`];
    }),
  ];
}

function databaseSections(texts: IniTexts, names: ReadonlyMap<string, ConnectionName>): string[][] {
  return [...texts.databases].map(([database, given]) => {
    const dbname = given.get('dbname');
    return [
      `[pool.databases.${tomlKey(database)}]`,
      `database = ${tomlText(names.get(database)?.name ?? database)}`,
      ...(given.has('user') ? ['login = "entry"'] : []),
      ...(database === '*' && dbname !== undefined ? [`dbname = ${tomlText(dbname)}`] : []),
      ...entryLines(databaseKeys, given),
    ];
  });
}

/** -1 says "not set" in an ini; here it is not said. */
function entryLines(keys: EntryKeys, given: ReadonlyMap<string, string>): string[] {
  return Object.values(keys).flatMap(({ name, type, elsewhere }) => {
    const text = given.get(name);
    if (text === undefined || elsewhere !== undefined || type.parse(text) === null) return [];
    return [`${name} = ${escapeDelete(type.toToml(text))}`];
  });
}

function tomlKey(key: string): string {
  return /^[\w-]+$/.test(key) ? key : tomlText(key);
}

function tomlText(text: string): string {
  return escapeDelete(JSON.stringify(text));
}

/** The one character that a JSON string may hold as it is and a TOML string may not. */
function escapeDelete(source: string): string {
  return source.replaceAll('\u{7F}', String.raw`\u007f`);
}
