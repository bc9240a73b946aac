import { isUnreadable, readRegex } from './hba-names.ts';
import { readHbaLines, type HbaLine } from './hba-tokens.ts';
import { Problems, readAuthText } from './problems.ts';

/** Whether a system user (or the name in a certificate) may log in as a database user. */
type IdentRule = (systemUser: string, user: string) => boolean;

/** auth_ident_file (pg_ident.conf), as read. */
export class IdentMaps {
  /** '' when no file is set. */
  readonly file: string;
  readonly #maps: ReadonlyMap<string, readonly IdentRule[]>;

  constructor(file: string, maps: ReadonlyMap<string, readonly IdentRule[]>) {
    this.file = file;
    this.#maps = maps;
  }

  has(map: string): boolean {
    return this.#maps.has(map);
  }

  /** @param map  null: the names must be equal */
  allows(map: string | null, systemUser: string, user: string): boolean {
    if (map === null) return systemUser === user;
    return this.#maps.get(map)?.some((rule) => rule(systemUser, user)) ?? false;
  }
}

/** @throws POOL_AUTH_FILE, POOL_AUTH_FILE_UNREADABLE */
export async function loadIdent(path: string): Promise<IdentMaps> {
  if (path === '') return new IdentMaps('', new Map());
  return parseIdent(await readAuthText('auth_ident_file', path), path);
}

/**
 *     map   system-user        user
 *     dba   joe                postgres
 *     mail  /^(.*)@our\.org$   \1
 *     any   root               all
 *
 * @throws POOL_AUTH_FILE  every bad line
 */
export function parseIdent(text: string, file: string): IdentMaps {
  const problems = new Problems(file);
  const maps = new Map<string, IdentRule[]>();
  for (const line of readHbaLines(text, (number, problem) => problems.add(number, problem))) {
    const rule = readRule(line);
    if (typeof rule === 'string') {
      problems.add(line.number, rule);
    } else {
      const rules = maps.get(rule.map) ?? [];
      maps.set(rule.map, [...rules, rule.allows]);
    }
  }
  problems.throwIfAny();
  return new IdentMaps(file, maps);
}

/** @returns a text: what is wrong with the line */
function readRule({ fields }: HbaLine): { map: string; allows: IdentRule } | string {
  const [map, system, user] = fields.map((field) => field[0]);
  if (!map || !system || !user || fields.length !== 3) return 'expected MAP SYSTEM-USER USER';
  if (fields.some((field) => field.length > 1)) return 'a list is not supported here';
  if (!user.isQuoted && user.text.startsWith('+')) {
    return `${user.text} needs roles, which only a server knows`;
  }
  const pattern = system.isQuoted ? null : readRegex(system.text);
  if (pattern !== null && isUnreadable(pattern)) return pattern.problem;
  const isAny = !user.isQuoted && user.text === 'all';
  if (pattern === null) {
    const allows: IdentRule = (name, asked) =>
      name === system.text && (isAny || asked === user.text);
    return { map: map.text, allows };
  }
  if (user.text.includes('\\1') && !hasGroup(pattern)) {
    return `\\1 needs parentheses in ${system.text}`;
  }
  const allows: IdentRule = (name, asked) => {
    const match = pattern.exec(name);
    if (!match) return false;
    return isAny || asked === user.text.replace('\\1', () => match[1] ?? '');
  };
  return { map: map.text, allows };
}

/** With an empty alternative the expression always matches, and tells how many groups it has. */
function hasGroup(pattern: RegExp): boolean {
  return (new RegExp(`${pattern.source}|`, 'u').exec('')?.length ?? 0) > 1;
}
