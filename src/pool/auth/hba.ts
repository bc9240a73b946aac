import { dirname, resolve } from 'node:path';
import { isSluiceError } from '../../errors/index.ts';
import { readAddress, realSurroundings, unmapped, type AddressMatch } from './hba-address.ts';
import { isUnreadable, readDatabases, readUsers, type NameMatch } from './hba-names.ts';
import { readHbaFields, readHbaLines, type HbaField, type HbaLine } from './hba-tokens.ts';
import { loadIdent, type IdentMaps } from './ident.ts';
import { Problems, readAuthText } from './problems.ts';
import type { LoginFacts } from './types.ts';

/** How a line of the HBA file lets a client in. */
export const hbaMethods = [
  'cert',
  'md5',
  'peer',
  'plain',
  'reject',
  'scram-sha-256',
  'trust',
] as const;
export type HbaMethod = (typeof hbaMethods)[number];

type ConnectionType = 'local' | 'host' | 'hostssl' | 'hostnossl';

export interface HbaMatch {
  readonly method: HbaMethod;
  /** Of method cert and peer: the map by which names are looked up; null: the names must be equal. */
  readonly map: string | null;
  /** `file:line`, for the log. */
  readonly place: string;
}

interface HbaRule extends HbaMatch {
  readonly type: ConnectionType;
  readonly databases: readonly NameMatch[];
  readonly users: readonly NameMatch[];
  /** Null: local. */
  readonly address: AddressMatch | null;
}

/** auth_hba_file and auth_ident_file, as read. The first line that fits decides, as in PostgreSQL. */
export class HbaRules {
  readonly ident: IdentMaps;
  readonly #rules: readonly HbaRule[];

  constructor(rules: readonly HbaRule[], ident: IdentMaps) {
    this.#rules = rules;
    this.ident = ident;
  }

  get size(): number {
    return this.#rules.length;
  }

  /** @returns null: no line fits, which is a refusal */
  async match(facts: LoginFacts): Promise<HbaMatch | null> {
    for (const rule of this.#rules) if (await isMatch(rule, facts)) return rule;
    return null;
  }
}

async function isMatch(rule: HbaRule, facts: LoginFacts): Promise<boolean> {
  if (!isTypeMatch(rule.type, facts)) return false;
  if (!rule.databases.some((matches) => matches(facts))) return false;
  if (!rule.users.some((matches) => matches(facts))) return false;
  // Last: it may have to ask a name server.
  if (rule.address === null || facts.address.kind === 'unix') return true;
  return rule.address(unmapped(facts.address.ip));
}

function isTypeMatch(type: ConnectionType, { address, isTls }: LoginFacts): boolean {
  const isLocal = address.kind === 'unix';
  const fits: Record<ConnectionType, boolean> = {
    local: isLocal,
    host: !isLocal,
    hostssl: !isLocal && isTls,
    hostnossl: !isLocal && !isTls,
  };
  return fits[type];
}

/**
 * @param identPath  auth_ident_file; '' without one
 * @throws POOL_AUTH_FILE, POOL_AUTH_FILE_UNREADABLE
 */
export async function loadHba(
  path: string,
  identPath = '',
  surroundings = realSurroundings,
): Promise<HbaRules> {
  const ident = await loadIdent(identPath);
  const problems = new Problems(path);
  const text = await readAuthText('auth_hba_file', path);
  const lines = readHbaLines(text, (line, problem) => problems.add(line, problem));
  const rules: HbaRule[] = [];
  for (const line of lines) {
    const rule = await readRule(line, { path, ident, surroundings });
    if (typeof rule === 'string') problems.add(line.number, rule);
    else rules.push(rule);
  }
  problems.throwIfAny();
  return new HbaRules(rules, ident);
}

interface HbaSurroundings {
  readonly path: string;
  readonly ident: IdentMaps;
  readonly surroundings: typeof realSurroundings;
}

/** @returns a text: what is wrong with the line */
async function readRule(line: HbaLine, around: HbaSurroundings): Promise<HbaRule | string> {
  const [typeField, databaseField, userField, ...rest] = line.fields;
  const type = typeField?.[0]?.text ?? '';
  if (!isConnectionType(type)) {
    return `unknown connection type ${type}: expected local, host, hostssl or hostnossl`;
  }
  if (!databaseField || !userField) return 'the database or the user is missing';
  const databases = await readNames(databaseField, readDatabases, around.path);
  if (typeof databases === 'string') return databases;
  const users = await readNames(userField, readUsers, around.path);
  if (typeof users === 'string') return users;
  const address = readPlace(type, rest, around);
  if (typeof address === 'string') return address;
  const how = readMethod(address.rest, around);
  if (typeof how === 'string') return how;
  const place = `${around.path}:${line.number}`;
  return { type, databases, users, address: address.match, ...how, place };
}

function isConnectionType(text: string): text is ConnectionType {
  return ['local', 'host', 'hostssl', 'hostnossl'].includes(text);
}

async function readNames(
  field: HbaField,
  read: typeof readUsers,
  path: string,
): Promise<readonly NameMatch[] | string> {
  const words = await expandFiles(field, path);
  if (typeof words === 'string') return words;
  const matches = read(words);
  return isUnreadable(matches) ? matches.problem : matches;
}

/** A word @file stands for the words in that file, beside this one. */
async function expandFiles(field: HbaField, path: string): Promise<HbaField | string> {
  const words = [];
  for (const token of field) {
    if (token.isQuoted || !token.text.startsWith('@')) {
      words.push(token);
      continue;
    }
    const included = await includedWords(resolve(dirname(path), token.text.slice(1)));
    if (typeof included === 'string') return included;
    words.push(...included);
  }
  return words;
}

async function includedWords(file: string): Promise<HbaField | string> {
  try {
    const text = await readAuthText('a list of names', file);
    const lines = text.split('\n').map(readHbaFields);
    const fields = lines.flatMap((line) => line ?? []);
    return lines.includes(null) ? `${file}: a quote is not closed` : fields.flat();
  } catch (error) {
    if (!isSluiceError(error, 'POOL_AUTH_FILE_UNREADABLE')) throw error;
    return `${file} cannot be read`;
  }
}

interface ReadPlace {
  readonly match: AddressMatch | null;
  readonly rest: readonly HbaField[];
}

function readPlace(
  type: ConnectionType,
  fields: readonly HbaField[],
  { surroundings }: HbaSurroundings,
): ReadPlace | string {
  if (type === 'local') return { match: null, rest: fields };
  const [address, next] = fields;
  if (!address?.[0]) return 'the address is missing';
  if (address.length > 1) return 'one address a line';
  const mask = /^[\d.]+$|^[\da-f.]*:[\da-f:.]*$/i.test(address[0].text) ? next?.[0] : undefined;
  const match = readAddress(address[0], mask ?? null, surroundings);
  if (isUnreadable(match)) return match.problem;
  return { match, rest: fields.slice(mask ? 2 : 1) };
}

function readMethod(
  [methodField, ...options]: readonly HbaField[],
  { ident }: HbaSurroundings,
): { method: HbaMethod; map: string | null } | string {
  const name = methodField?.[0]?.text;
  if (name === undefined) return 'the method is missing';
  const method = name === 'password' ? 'plain' : hbaMethods.find((known) => known === name);
  if (method === undefined) {
    return `method ${name} is not supported: expected ${hbaMethods.join(', ')} or password`;
  }
  let map: string | null = null;
  for (const { text } of options.flat()) {
    const [key, ...value] = text.split('=');
    if (key !== 'map' || value.length === 0) return `option ${text} is not supported`;
    if (method !== 'cert' && method !== 'peer')
      return `map is for cert and peer, not for ${method}`;
    map = value.join('=');
    if (!ident.has(map))
      return `no map ${map} in ${ident.file || 'auth_ident_file, which is not set'}`;
  }
  return { method, map };
}
