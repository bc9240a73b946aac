import { existsSync } from 'node:fs';
import { userInfo } from 'node:os';
import { join } from 'node:path';
import type { Environment } from './environment.ts';

export const defaultPort = 5432;

/** Where servers put their Unix sockets: Debian's place, then PostgreSQL's own. */
export const socketFolders: readonly string[] = ['/var/run/postgresql', '/run/postgresql', '/tmp'];

/** Without a host: the Unix socket of a server on this machine when there is one, localhost otherwise. */
export function defaultHost(port: number): string {
  const folder = socketFolders.find((path) => existsSync(socketPath(path, port)));
  return folder ?? 'localhost';
}

/** A folder's socket file; `@name` is Linux's namespace without files. */
export function socketPath(folder: string, port: number): string {
  if (folder.startsWith('@')) return `\0${folder.slice(1)}/.s.PGSQL.${port}`;
  return join(folder, `.s.PGSQL.${port}`);
}

/** The operating system's name for who we are. */
export function defaultUser(env: Environment): string {
  try {
    return userInfo().username;
  } catch (error) {
    // A container may run under a number that has no name.
    const name = env['USER'] ?? env['USERNAME'];
    if (name) return name;
    throw error;
  }
}
