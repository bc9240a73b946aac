import { readFile, statfs } from 'node:fs/promises';
import { join } from 'node:path';
import type { Database } from '../../catalog/index.ts';

/**
 * Free bytes for us where this server's data directory is, when that directory is on this machine and
 * we may look into it; else null. The directory's own note of its server tells it from one of the
 * same path on another machine.
 */
export async function probeFreeBytes(database: Database): Promise<number | null> {
  const directory = database.dataDirectory;
  if (directory === null || !(await isDirectoryOf(directory, database))) return null;
  const { bavail, bsize } = await statfs(directory);
  return bavail * bsize;
}

/** postmaster.pid: process, directory, start (seconds), port, ... a line each. */
async function isDirectoryOf(directory: string, database: Database): Promise<boolean> {
  try {
    const lines = (await readFile(join(directory, 'postmaster.pid'), 'utf8')).split('\n');
    const startedAtS = Math.trunc(database.startedAtUs / 1_000_000);
    // The file's second is taken a moment before the server's own start time.
    return lines[3] === String(database.port) && Math.abs(startedAtS - Number(lines[2])) <= 10;
  } catch (error) {
    if (isUnreadable(error)) return false;
    throw error;
  }
}

function isUnreadable(error: unknown): boolean {
  const code = error instanceof Error && 'code' in error ? error.code : undefined;
  return code === 'ENOENT' || code === 'EACCES' || code === 'EPERM' || code === 'ENOTDIR';
}
