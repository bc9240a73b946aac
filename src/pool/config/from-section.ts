import { dirname, resolve } from 'node:path';
import { isSluiceError } from '../../errors/index.ts';
import { parseConnection, type ConnectionTarget, type Secret } from '../../session/index.ts';
import { makeDatabase, makePeer, makeUser } from './entries.ts';
import { settingKey, type SettingName } from './keys/index.ts';
import { path } from './keys/value-type.ts';
import { Problems } from './problems.ts';
import { givenTexts, type PoolSection } from './section.ts';
import { settingsFrom } from './settings.ts';
import type { DatabaseEntry, DatabaseTls, PoolerConfig } from './types.ts';

export interface SectionOptions {
  /** The file the section stands in: for messages, and where relative names of files start. */
  readonly file: string;
  /** The connection string of a name of `[databases]`. */
  connectionOf(database: string): Promise<Secret>;
  /** What connection strings leave out. */
  readonly env?: NodeJS.ProcessEnv;
}

/**
 * The config that a checked `[pool]` stands for.
 *
 * @throws POOL_CONFIG when a connection string cannot be had, or says what a pool cannot do
 */
export async function poolConfigFromToml(
  section: PoolSection,
  options: SectionOptions,
): Promise<PoolerConfig> {
  const problems = new Problems(options.file);
  const given = new Map(
    [...givenTexts(section)].map(([name, text]) => [name, placeFile(name, text, options.file)]),
  );
  const databases = await readDatabases(section, options, problems);
  problems.throwIfAny();
  const settings = settingsFrom(given);
  if (settings.peer_id === 0 && Object.keys(section.peers).length > 0) {
    problems.warn(options.file, 'pool.peers: has no effect: peer_id is 0');
  }
  return {
    file: options.file,
    settings: { ...settings, conffile: options.file },
    given,
    databases,
    users: new Map(
      Object.entries(section.users).map(([name, texts]) => [name, makeUser(name, known(texts))]),
    ),
    peers: new Map(
      Object.entries(section.peers).map(([id, texts]) => [
        Number(id),
        makePeer(Number(id), known(texts)),
      ]),
    ),
    warnings: problems.warnings,
  };
}

function placeFile(name: SettingName, text: string, file: string): string {
  return settingKey(name).type === path && text !== '' ? resolve(dirname(file), text) : text;
}

async function readDatabases(
  { databases }: PoolSection,
  options: SectionOptions,
  problems: Problems,
): Promise<Map<string, DatabaseEntry>> {
  const entries = new Map<string, DatabaseEntry>();
  for (const [name, section] of Object.entries(databases)) {
    const place = `${options.file}: pool.databases.${name}`;
    const target = await readTarget(section.database, options).catch((error: unknown) => {
      if (!isSluiceError(error)) throw error;
      problems.add(place, error.message);
    });
    if (target === undefined) continue;
    for (const problem of findImpossible(target)) problems.add(place, problem);
    for (const oddity of findWithoutEffect(target)) {
      problems.warn(place, `${oddity}: has no effect in the pool`);
    }
    const { database: _database, login, dbname, ...texts } = section;
    const databaseName = dbname ?? (name === '*' ? undefined : target.database);
    entries.set(
      name,
      makeDatabase(
        name,
        known({ ...texts, ...targetTexts(target, login), dbname: databaseName }),
        readTls(target),
      ),
    );
  }
  return entries;
}

async function readTarget(database: string, options: SectionOptions): Promise<ConnectionTarget> {
  const connection = await options.connectionOf(database);
  return parseConnection(connection.reveal(), options.env);
}

function targetTexts(
  target: ConnectionTarget,
  login: 'client' | 'entry',
): Record<string, string | undefined> {
  return {
    host: target.hosts.map(({ host, hostaddr }) => hostaddr ?? host).join(','),
    port: String(target.hosts[0]?.port),
    target_session_attrs: target.targetSessionAttrs,
    ...(login === 'entry' && { user: target.user, password: target.password?.reveal() }),
  };
}

function readTls({ tls }: ConnectionTarget): DatabaseTls {
  return {
    sslmode: tls.mode,
    caFile: tls.rootCert ?? '',
    certFile: tls.cert ?? '',
    keyFile: tls.key ?? '',
  };
}

/** What a connection string demands and the pool cannot keep: going on without it would be less than was asked for. */
function findImpossible(target: ConnectionTarget): string[] {
  const rules: readonly (readonly [boolean, string])[] = [
    [new Set(target.hosts.map(({ port }) => port)).size > 1, 'all hosts must have one port'],
    [target.tls.negotiation === 'direct', 'sslnegotiation=direct is not supported in the pool'],
    [target.tls.crl !== null, 'sslcrl is not supported in the pool'],
    [target.tls.crlFolder !== null, 'sslcrldir is not supported in the pool'],
    [target.tls.keyPassword !== null, 'sslpassword is not supported in the pool'],
    [target.channelBinding === 'require', 'channel_binding=require is not supported in the pool'],
    [target.requireAuth !== null, 'require_auth is not supported in the pool'],
  ];
  return rules.flatMap(([isBroken, problem]) => (isBroken ? [problem] : []));
}

function findWithoutEffect(target: ConnectionTarget): string[] {
  return [
    ...(target.options === null ? [] : ['options']),
    ...(target.applicationName === null ? [] : ['application_name']),
    ...target.withoutEffect,
  ];
}

/** The texts that are there. */
function known(texts: Readonly<Record<string, string | undefined>>): Map<string, string> {
  return new Map(
    Object.entries(texts).flatMap(([key, text]): [string, string][] =>
      text === undefined ? [] : [[key, text]],
    ),
  );
}
