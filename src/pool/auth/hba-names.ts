import type { HbaField, HbaToken } from './hba-tokens.ts';
import type { LoginFacts } from './types.ts';

/** One word of the database or user column. */
export type NameMatch = (facts: NameFacts) => boolean;

export type NameFacts = Pick<LoginFacts, 'user' | 'database' | 'isReplication'>;

/** A word that cannot be matched, in the words of a person. */
export type Unreadable = { readonly problem: string };

export function isUnreadable(value: object): value is Unreadable {
  return 'problem' in value;
}

/** Keywords of PostgreSQL that ask for the membership of roles, which only a server knows. */
const needsRoles = ['samerole', 'samegroup'];

/**
 * all, sameuser, replication, /regular expression/ or a name; a quoted word is a name.
 *
 * A replication connection is matched by `replication` alone, as in PostgreSQL: `all` does not let it in.
 */
export function readDatabases(field: HbaField): readonly NameMatch[] | Unreadable {
  return readEach(field, ({ text, isQuoted }) => {
    if (isQuoted) return ofDatabase((database) => database === text);
    if (text === 'all') return ofDatabase(() => true);
    if (text === 'sameuser') return ofDatabase((database, user) => database === user);
    if (text === 'replication') return ({ isReplication }) => isReplication;
    if (needsRoles.includes(text))
      return { problem: `${text} needs roles, which only a server knows` };
    const pattern = readRegex(text);
    if (pattern === null) return ofDatabase((database) => database === text);
    return isUnreadable(pattern) ? pattern : ofDatabase((database) => pattern.test(database));
  });
}

/** all, /regular expression/ or a name; a quoted word is a name. */
export function readUsers(field: HbaField): readonly NameMatch[] | Unreadable {
  return readEach(field, ({ text, isQuoted }) => {
    if (isQuoted) return ({ user }) => user === text;
    if (text === 'all') return () => true;
    if (text.startsWith('+')) return { problem: `${text} needs roles, which only a server knows` };
    const pattern = readRegex(text);
    if (pattern === null) return ({ user }) => user === text;
    return isUnreadable(pattern) ? pattern : ({ user }) => pattern.test(user);
  });
}

function ofDatabase(matches: (database: string, user: string) => boolean): NameMatch {
  return ({ database, user, isReplication }) => !isReplication && matches(database, user);
}

/** A word that begins with a slash is a regular expression. @returns null: it is none */
export function readRegex(text: string): RegExp | Unreadable | null {
  if (!text.startsWith('/')) return null;
  try {
    return new RegExp(text.slice(1), 'u');
  } catch (error) {
    const reason = error instanceof Error ? error.message : String(error);
    return { problem: `${text} is no regular expression (${reason})` };
  }
}

function readEach(
  field: HbaField,
  read: (token: HbaToken) => NameMatch | Unreadable,
): readonly NameMatch[] | Unreadable {
  const matches: NameMatch[] = [];
  for (const token of field) {
    const match = read(token);
    if (typeof match !== 'function') return match;
    matches.push(match);
  }
  return matches;
}
