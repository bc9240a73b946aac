import { readFileSync, statSync } from 'node:fs';

/** What the password file says for one place to connect to. */
export type PasswordLookup =
  | { readonly password: string }
  /** Why there is none, for the message when a server asks for one. */
  | { readonly missing: string };

export interface PasswordPlace {
  /** `localhost` for the default Unix socket folders. */
  readonly host: string;
  readonly port: number;
  readonly database: string;
  readonly user: string;
}

/** The first line of a `.pgpass` file that matches: `host:port:database:user:password`, `*` is any. */
export function findPassword(path: string, place: PasswordPlace): PasswordLookup {
  const read = readPrivate(path);
  if ('missing' in read) return read;
  const wanted = [place.host, String(place.port), place.database, place.user];
  for (const line of read.text.split(/\r?\n/)) {
    if (line === '' || line.startsWith('#')) continue;
    const fields = splitLine(line);
    const password = fields[4];
    const isMatch = wanted.every((value, index) => fields[index] === value || isAny(line, index));
    if (isMatch && password !== undefined) return { password };
  }
  return { missing: `${path} has no line for ${wanted.join(':')}` };
}

/** Others must not be able to read it; such a file is not used at all, as everywhere in PostgreSQL. */
function readPrivate(path: string): { text: string } | { missing: string } {
  try {
    const stat = statSync(path);
    if (!stat.isFile()) return { missing: `${path} is not a file` };
    if (process.platform !== 'win32' && (stat.mode & 0o077) !== 0) {
      return { missing: `${path} can be read by others: chmod 600 it` };
    }
    return { text: readFileSync(path, 'utf8') };
  } catch (error) {
    return { missing: `${path}: ${error instanceof Error ? error.message : String(error)}` };
  }
}

/** Fields between colons; a backslash takes the next character as it is. The fifth is the rest. */
function splitLine(line: string): string[] {
  const fields: string[] = [];
  let field = '';
  for (let at = 0; at < line.length; at++) {
    const letter = line[at] ?? '';
    if (letter === '\\' && at + 1 < line.length) {
      field += line[++at] ?? '';
    } else if (letter === ':' && fields.length < 4) {
      fields.push(field);
      field = '';
    } else {
      field += letter;
    }
  }
  fields.push(field);
  return fields;
}

/** A field that is exactly `*`, unescaped. */
function isAny(line: string, index: number): boolean {
  return new RegExp(String.raw`^(?:(?:[^:\\]|\\.)*:){${index}}\*:`).test(line);
}
