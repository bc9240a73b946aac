import { execFile, spawn, type ChildProcess } from 'node:child_process';
import { access } from 'node:fs/promises';
import { delimiter, join } from 'node:path';
import { promisify } from 'node:util';

/** Debian keeps programs of the server's version out of PATH. */
const searched = [
  ...(process.env['PATH'] ?? '').split(delimiter),
  ...[18, 17, 16, 15].map((major) => `/usr/lib/postgresql/${major}/bin`),
];

/** Path of a program such as pgbench or pgcopydb, or null when this machine has none. */
export async function findProgram(name: string): Promise<string | null> {
  for (const folder of searched) {
    const path = join(folder, name);
    try {
      await access(path);
      return path;
    } catch {
      continue; // not in this folder
    }
  }
  return null;
}

/** @throws Error that says which Debian package brings the program */
export async function needProgram(name: string, debianPackage: string): Promise<string> {
  const path = await findProgram(name);
  if (path !== null) return path;
  throw new Error(`this bench needs ${name}: apt-get install ${debianPackage}`);
}

/** Run to the end; standard output. Its standard error is in the error when it fails. */
export async function run(
  program: string,
  args: readonly string[],
  env: Readonly<Record<string, string>> = {},
): Promise<string> {
  const { stdout } = await promisify(execFile)(program, [...args], {
    env: { ...process.env, PATH: searched.join(delimiter), ...env },
    maxBuffer: 64 * 1024 * 1024,
  });
  return stdout;
}

/** Start and leave running; the caller ends it. */
export function start(program: string, args: readonly string[]): ChildProcess {
  return spawn(program, [...args], { stdio: 'ignore' });
}
