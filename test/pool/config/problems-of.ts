import { writeFile } from 'node:fs/promises';
import { join } from 'node:path';
import { isSluiceError } from '../../../src/errors/index.ts';
import { loadPgbouncerIni, type PoolerConfig } from '../../../src/pool/config/index.ts';
import { temporaryFolder } from '../../kit/index.ts';

/** The config of an ini text. */
export async function loadText(text: string): Promise<PoolerConfig> {
  const file = join(temporaryFolder(), 'p.ini');
  await writeFile(file, text);
  return loadPgbouncerIni(file);
}

/** What is wrong with an ini text, without its folder; nothing when it is right. */
export async function problemsOf(text: string): Promise<string[]> {
  const file = join(temporaryFolder(), 'p.ini');
  await writeFile(file, text);
  return problemsOfFile(file);
}

export async function problemsOfFile(file: string): Promise<string[]> {
  try {
    await loadPgbouncerIni(file);
  } catch (error) {
    if (!isSluiceError(error, 'POOL_CONFIG')) throw error;
    const folder = file.slice(0, file.lastIndexOf('/') + 1);
    return String(error.details['problems']).replaceAll(folder, '').split('\n  ');
  }
  return [];
}
