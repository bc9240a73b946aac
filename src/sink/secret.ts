import { readFile } from 'node:fs/promises';
import { resolve } from 'node:path';
import { z } from 'zod';
import { SluiceError } from '../errors/index.ts';

const text = z.string().min(1);

/** A secret of a setting: itself, or where it is. */
export const secretText = z
  .union(
    [text, z.strictObject({ env: text }), z.strictObject({ file: text })],
    'expected text, { env = "NAME" } or { file = "PATH" }',
  )
  .meta({ expected: 'text, { env = "NAME" } or { file = "PATH" }' });

export type SecretText = z.output<typeof secretText>;

/** Where secrets are looked for. */
export interface SecretPlace {
  /** As messages call the sink. */
  readonly sink: string;
  /** Where relative paths start. */
  readonly folder: string;
  readonly env: NodeJS.ProcessEnv;
}

/** @throws SINK_SECRET */
export async function readSecret(secret: SecretText, place: SecretPlace): Promise<string> {
  if (typeof secret === 'string') return secret;
  const { sink } = place;
  if ('env' in secret) {
    const value = place.env[secret.env];
    if (value !== undefined && value !== '') return value;
    const problem = `environment variable ${secret.env} is not set`;
    throw new SluiceError('SINK_SECRET', { sink, problem });
  }
  const value = await readSecretFile(secret.file, place);
  if (value !== '') return value;
  throw new SluiceError('SINK_SECRET', { sink, problem: `${secret.file} is empty` });
}

async function readSecretFile(file: string, { sink, folder }: SecretPlace): Promise<string> {
  try {
    return (await readFile(resolve(folder, file), 'utf8')).trim();
  } catch (cause) {
    const reason = cause instanceof Error && 'code' in cause ? String(cause.code) : String(cause);
    const problem = `cannot read ${file}: ${reason}`;
    throw new SluiceError('SINK_SECRET', { sink, problem }, { cause });
  }
}
