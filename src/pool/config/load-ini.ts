import { readPairs } from './connect-string.ts';
import { checkTogether } from './checks.ts';
import { makeDatabase, makePeer, makeUser, type EntryTexts } from './entries.ts';
import { readIni, type IniEntry } from './ini-file.ts';
import type { EntryKeys } from './keys/entry-key.ts';
import { databaseKeys, peerKeys, userKeys } from './keys/entries.ts';
import { isSettingName, settingKey, settingNames, type SettingName } from './keys/index.ts';
import { Problems } from './problems.ts';
import { checkText, hintAt, settingsFrom, whyInert } from './settings.ts';
import type { PoolerConfig } from './types.ts';

/**
 * Reads a pgbouncer.ini as pgBouncer does, except that it reports every problem and not only the first one, and refuses
 * numbers that cannot be meant (pgBouncer takes `pool_size=abc` for 0).
 *
 * @throws POOL_CONFIG with each problem as `file:line: key: ...`
 */
export async function loadPgbouncerIni(file: string): Promise<PoolerConfig> {
  const { config } = await loadIniTexts(file);
  return config;
}

/** What the lines of an ini say, as texts by key. */
export interface IniTexts {
  readonly databases: ReadonlyMap<string, EntryTexts>;
  readonly users: ReadonlyMap<string, EntryTexts>;
  readonly peers: ReadonlyMap<number, EntryTexts>;
}

/** The same, with the texts that it was made from. */
export async function loadIniTexts(
  file: string,
): Promise<{ config: PoolerConfig; texts: IniTexts }> {
  const reader = new IniReader(file);
  for (const entry of await readIni(file)) reader.take(entry);
  return reader.finish();
}

const sections = ['databases', 'peers', 'pgbouncer', 'users'] as const;
type Section = (typeof sections)[number];

type Value = Extract<IniEntry, { kind: 'value' }>;

/** Takes a file's entries in order. */
class IniReader {
  readonly #file: string;
  readonly #problems: Problems;
  readonly #given = new Map<SettingName, string>();
  /** Where things were said, by `section/key`. */
  readonly #places = new Map<string, string>();
  readonly #databases = new Map<string, EntryTexts>();
  readonly #users = new Map<string, EntryTexts>();
  readonly #peers = new Map<number, EntryTexts>();
  /** Undefined before the first section; `unknown` after a wrong one, whose lines are not reported again. */
  #section: Section | 'unknown' | undefined;
  #hasMain = false;

  constructor(file: string) {
    this.#file = file;
    this.#problems = new Problems(file);
  }

  take(entry: IniEntry): void {
    if (entry.kind === 'wrong') {
      this.#problems.add(entry.place, entry.problem);
      // What sections it has nobody knows.
      if (entry.place === this.#file) this.#hasMain = true;
      return;
    }
    if (entry.kind === 'section') {
      this.#enter(entry.name, entry.place);
      return;
    }
    switch (this.#section) {
      case 'pgbouncer':
        this.#takeSetting(entry);
        break;
      case 'databases':
        this.#takeDatabase(entry);
        break;
      case 'users':
        this.#takeUser(entry);
        break;
      case 'peers':
        this.#takePeer(entry);
        break;
      case 'unknown':
        break;
      case undefined:
        this.#problems.add(entry.place, `${entry.key}: stands before the first [section]`);
        break;
    }
  }

  finish(): { config: PoolerConfig; texts: IniTexts } {
    if (!this.#hasMain) this.#problems.add(this.#file, 'section [pgbouncer] is missing');
    for (const name of settingNames) this.#warnInert(name);
    const settings = settingsFrom(this.#given);
    for (const { name, text } of checkTogether(settings)) {
      this.#problems.add(this.#placeOf('pgbouncer', name), `${name}: ${text}`);
    }
    this.#problems.throwIfAny();
    this.#warnOddities(settings.auth_type === 'any', settings.peer_id === 0);
    const texts = { databases: this.#databases, users: this.#users, peers: this.#peers };
    const config = {
      file: this.#file,
      settings: { ...settings, conffile: settings.conffile || this.#file },
      given: this.#given,
      databases: mapValues(texts.databases, makeDatabase),
      users: mapValues(texts.users, makeUser),
      peers: mapValues(texts.peers, makePeer),
      warnings: this.#problems.warnings,
    };
    return { config, texts };
  }

  #enter(name: string, place: string): void {
    const section = sections.find((known) => known === name);
    this.#section = section ?? 'unknown';
    if (section === undefined) {
      this.#problems.add(place, `[${name}]: unknown section${hintAt(name, sections)}`);
    }
    if (section !== 'pgbouncer') return;
    this.#hasMain = true;
    if (this.#given.size > 0) {
      // As in pgBouncer, which fills in the defaults at each [pgbouncer].
      this.#problems.warn(
        place,
        `[pgbouncer]: begins again, so ${this.#given.size} settings before it have no effect`,
      );
    }
    this.#given.clear();
  }

  #takeSetting({ key, value, place }: Value): void {
    if (!isSettingName(key)) {
      this.#problems.add(place, `${key}: unknown key${hintAt(key, settingNames)}`);
      return;
    }
    const problem = checkText(settingKey(key).type, value);
    if (problem !== undefined) {
      this.#problems.add(place, `${key}: ${problem}`);
      return;
    }
    this.#given.set(key, value);
    this.#places.set(`pgbouncer/${key}`, place);
  }

  #takeDatabase(line: Value): void {
    const { key: name, place } = line;
    if (name === 'pgbouncer') {
      this.#problems.add(place, 'pgbouncer: this name is for the console');
      return;
    }
    const texts = this.#readTexts(line, databaseKeys);
    this.#warnAgain('databases', name, place, this.#databases.has(name));
    this.#databases.set(name, texts);
  }

  #takeUser(line: Value): void {
    const texts = this.#readTexts(line, userKeys);
    this.#warnAgain('users', line.key, line.place, this.#users.has(line.key));
    this.#users.set(line.key, texts);
  }

  #takePeer(line: Value): void {
    const { key, place } = line;
    const id = settingKey('peer_id').type.parse(key);
    const texts = this.#readTexts(line, peerKeys);
    if (typeof id !== 'number' || id === 0) {
      this.#problems.add(place, `${key}: expected the peer_id of another process, 1..16383`);
      return;
    }
    if (!texts.has('host')) this.#problems.add(place, `${key}: host is missing`);
    this.#warnAgain('peers', key, place, this.#peers.has(id));
    this.#peers.set(id, texts);
  }

  /** The pairs of a line that are right; what is wrong is reported. Values are not shown: one may be a password. */
  #readTexts({ key: name, value, place }: Value, keys: EntryKeys): EntryTexts {
    const pairs = readPairs(value);
    const texts = new Map<string, string>();
    if (pairs === undefined) {
      const expected = "key=value key='two words' ..., without empty values";
      this.#problems.add(place, `${name}: syntax error: expected ${expected}`);
      return texts;
    }
    const aliases = new Map(
      Object.entries(keys).flatMap(([key, { alias }]) =>
        alias === undefined ? [] : [[alias, key]],
      ),
    );
    for (const pair of pairs) {
      const key = aliases.get(pair.key) ?? pair.key;
      const known = Object.hasOwn(keys, key) ? keys[key] : undefined;
      const problem =
        known === undefined
          ? `unknown key${hintAt(pair.key, Object.keys(keys))}`
          : checkText(known.type, pair.value);
      if (problem === undefined) texts.set(key, pair.value);
      else this.#problems.add(place, `${name}: ${pair.key}: ${problem}`);
    }
    return texts;
  }

  #placeOf(section: Section, key: string): string {
    return this.#places.get(`${section}/${key}`) ?? this.#file;
  }

  #warnAgain(section: Section, name: string, place: string, isAgain: boolean): void {
    if (isAgain) {
      const before = this.#placeOf(section, name);
      this.#problems.warn(place, `${name}: replaces the line at ${before}`);
    }
    this.#places.set(`${section}/${name}`, place);
  }

  #warnInert(name: SettingName): void {
    const text = this.#given.get(name);
    const reason = text === undefined ? undefined : whyInert(name, text);
    if (reason === undefined) return;
    this.#problems.warn(this.#placeOf('pgbouncer', name), `${name}: has no effect: ${reason}`);
  }

  #warnOddities(isAny: boolean, isAlone: boolean): void {
    for (const [name, texts] of this.#databases) {
      const place = this.#placeOf('databases', name);
      if (texts.has('password') && !texts.has('user')) {
        this.#problems.warn(place, `${name}: password: has no effect: there is no user`);
      }
      if (isAny && !texts.has('user')) {
        this.#problems.warn(place, `${name}: nobody can log in: auth_type = any needs a user here`);
      }
    }
    if (isAlone && this.#peers.size > 0) {
      this.#problems.warn(this.#file, '[peers]: has no effect: peer_id is 0');
    }
  }
}

function mapValues<K, From, To>(
  map: ReadonlyMap<K, From>,
  make: (key: K, from: From) => To,
): Map<K, To> {
  return new Map([...map].map(([key, from]) => [key, make(key, from)]));
}
