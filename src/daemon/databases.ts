import { readFile } from 'node:fs/promises';
import { resolve } from 'node:path';
import { z } from 'zod';
import { SluiceError } from '../errors/index.ts';
import { systemReason } from '../service/index.ts';
import { Secret } from '../session/index.ts';

const text = z.string().min(1);

/** `[databases]`: names for connection strings, so that the rest of the file holds no secrets. */
export const databasesSchema = z
  .record(
    z.string(),
    z.union(
      [text, z.strictObject({ url_env: text }), z.strictObject({ url_file: text })],
      'expected a connection string, { url_env = "NAME" } or { url_file = "PATH" }',
    ),
  )
  .meta({
    description:
      'Names for connection strings (URI or keyword/value, as libpq takes them). Instead of the string itself, ' +
      '`{ url_env = "NAME" }` takes it from an environment variable and `{ url_file = "PATH" }` from a file ' +
      '(a relative path starts at the folder of sluice.toml), so that the file holds no secrets.',
  });

export type DatabasesConfig = z.output<typeof databasesSchema>;

/** The connection string a `[databases]` entry stands for. Read when used: a rotated secret is picked up. */
export async function resolveDatabase(
  name: string,
  entry: DatabasesConfig[string],
  folder: string,
  env: NodeJS.ProcessEnv = process.env,
): Promise<Secret> {
  if (typeof entry === 'string') return new Secret(entry);
  if ('url_env' in entry) {
    const value = env[entry.url_env];
    if (value !== undefined && value !== '') return new Secret(value);
    const problem = `environment variable ${entry.url_env} is not set`;
    throw new SluiceError('CONFIG_DATABASE', { database: name, problem });
  }
  const value = await readSecretFile(name, resolve(folder, entry.url_file));
  if (value !== '') return new Secret(value);
  throw new SluiceError('CONFIG_DATABASE', {
    database: name,
    problem: `${entry.url_file} is empty`,
  });
}

/** Where the connection string stands: `databases.shop in sluice.toml (variable SHOP_URL)`. */
export function describeEntry(name: string, entry: DatabasesConfig[string], file: string): string {
  const place = `databases.${name} in ${file}`;
  if (typeof entry === 'string') return place;
  const from = 'url_env' in entry ? `variable ${entry.url_env}` : `file ${entry.url_file}`;
  return `${place} (${from})`;
}

async function readSecretFile(database: string, path: string): Promise<string> {
  try {
    return (await readFile(path, 'utf8')).trim();
  } catch (cause) {
    const problem = `cannot read ${path}: ${systemReason(cause)}`;
    throw new SluiceError('CONFIG_DATABASE', { database, problem }, { cause });
  }
}
