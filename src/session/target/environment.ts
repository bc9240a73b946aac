import { homedir } from 'node:os';

/** The environment variables a connection string is read with. */
export type Environment = Readonly<Record<string, string | undefined>>;

/** Where a person's own files are. */
export function homeFolder(env: Environment): string {
  return env['HOME'] || homedir();
}
