import { stat } from 'node:fs/promises';
import { Secret } from '../../session/index.ts';
import { Problems, readAuthText } from './problems.ts';
import type { StoredUser } from './types.ts';

/** The users of auth_file (userlist.txt), as read last. */
export class AuthFile {
  readonly path: string;
  #users: ReadonlyMap<string, StoredUser>;
  #version: string;

  private constructor(path: string, users: ReadonlyMap<string, StoredUser>, version: string) {
    this.path = path;
    this.#users = users;
    this.#version = version;
  }

  /** @throws POOL_AUTH_FILE, POOL_AUTH_FILE_UNREADABLE */
  static async load(path: string): Promise<AuthFile> {
    const version = await versionOf(path);
    return new AuthFile(path, await readUsers(path), version);
  }

  get size(): number {
    return this.#users.size;
  }

  find(user: string): StoredUser | null {
    return this.#users.get(user) ?? null;
  }

  names(): IterableIterator<string> {
    return this.#users.keys();
  }

  /** Reads it again. @throws as load; the users read before stay */
  async reload(): Promise<void> {
    const version = await versionOf(this.path);
    this.#users = await readUsers(this.path);
    this.#version = version;
  }

  /** Reads it again if it was written since. @returns whether it was */
  async reloadIfChanged(): Promise<boolean> {
    if ((await versionOf(this.path)) === this.#version) return false;
    await this.reload();
    return true;
  }
}

/** Taken before reading: a file written in between is read once more, not missed. */
async function versionOf(path: string): Promise<string> {
  const facts = await stat(path, { bigint: true }).catch(() => null);
  return facts ? `${facts.ino} ${facts.size} ${facts.mtimeNs}` : '';
}

async function readUsers(path: string): Promise<Map<string, StoredUser>> {
  return parseAuthFile(await readAuthText('auth_file', path), path);
}

/** One field: anything but quotes, or a quote written twice. */
const fieldPattern = /"((?:[^"]|"")*)"/y;

/**
 *     "user" "password" anything else
 *     ; a comment
 *
 * A name that comes twice keeps its last password. An empty password is none: nobody logs in with it.
 *
 * @throws POOL_AUTH_FILE  every bad line; never shows passwords
 */
export function parseAuthFile(text: string, file: string): Map<string, StoredUser> {
  const users = new Map<string, StoredUser>();
  const problems = new Problems(file);
  text.split('\n').forEach((line, i) => {
    const content = line.trim();
    if (content === '' || content.startsWith(';') || content.startsWith('#')) return;
    const fields = readFields(content);
    if (typeof fields === 'string') problems.add(i + 1, fields);
    else users.set(fields.name, storedUser(fields.name, fields.password));
  });
  problems.throwIfAny();
  return users;
}

function storedUser(name: string, password: string): StoredUser {
  return { name, password: password === '' ? null : new Secret(password) };
}

/** @returns a text: what is wrong */
function readFields(line: string): { name: string; password: string } | string {
  const name = readField(line, 0);
  if (!name) return 'expected "user" "password", each in double quotes';
  if (name.value === '') return 'the user name is empty';
  const passwordAt = line.indexOf('"', name.end);
  if (passwordAt < 0) return 'the password is missing; write "" for none';
  const password = readField(line, passwordAt);
  if (!password) return 'the quote around the password is not closed';
  if (name.value.includes('\0') || password.value.includes('\0')) return 'there is a zero byte';
  return { name: name.value, password: password.value };
}

function readField(line: string, start: number): { value: string; end: number } | null {
  fieldPattern.lastIndex = start;
  const match = fieldPattern.exec(line);
  if (!match) return null;
  return { value: (match[1] ?? '').replaceAll('""', '"'), end: fieldPattern.lastIndex };
}
