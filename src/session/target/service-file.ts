import { readFileSync } from 'node:fs';
import { join } from 'node:path';
import { SluiceError } from '../../errors/index.ts';
import { homeFolder, type Environment } from './environment.ts';
import type { Given, GivenValue } from './keywords.ts';
import { storeKeyword } from './read-keyword.ts';

/**
 * The keywords of one section of pg_service.conf: the user's file first, then the system's.
 *
 * @throws SESSION_SERVICE_MISSING  no file has the section
 */
export function readService(
  { text: name, origin }: GivenValue,
  file: string | null,
  env: Environment,
): Given {
  const files = serviceFiles(file, env);
  for (const path of files) {
    const text = readIfThere(path, path === file);
    const section = text === null ? null : findSection(text, name, path);
    if (section !== null) return section;
  }
  throw new SluiceError('SESSION_SERVICE_MISSING', { origin, name, files: files.join(', ') });
}

function serviceFiles(file: string | null, env: Environment): string[] {
  const systemFolder = env['PGSYSCONFDIR'];
  const files = [file ?? join(homeFolder(env), '.pg_service.conf')];
  if (systemFolder) files.push(join(systemFolder, 'pg_service.conf'));
  return files;
}

function readIfThere(path: string, mustExist: boolean): string | null {
  try {
    return readFileSync(path, 'utf8');
  } catch (cause) {
    if (!mustExist && isMissing(cause)) return null;
    throw new SluiceError('SESSION_FILE', { what: 'the service file', path }, { cause });
  }
}

function isMissing(error: unknown): boolean {
  return error instanceof Error && 'code' in error && error.code === 'ENOENT';
}

function findSection(text: string, name: string, path: string): Given | null {
  let section: Given | null = null;
  for (const [index, raw] of text.split('\n').entries()) {
    const line = raw.trim();
    if (line === '' || line.startsWith('#')) continue;
    if (line.startsWith('[')) {
      if (section !== null) return section;
      if (line === `[${name}]`) section = new Map();
    } else if (section !== null) {
      storeLine(section, line, `${path}:${index + 1}`);
    }
  }
  return section;
}

function storeLine(section: Given, line: string, origin: string): void {
  const equals = line.indexOf('=');
  const name = line.slice(0, Math.max(equals, 0));
  if (equals < 1 || name === 'service' || name === 'servicefile') {
    throw new SluiceError('SESSION_STRING', {
      origin,
      part: 'this line',
      expected: 'keyword=value, no other service',
    });
  }
  storeKeyword(section, name, line.slice(equals + 1), origin);
}
