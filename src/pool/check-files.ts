import { access, constants, lstat, readFile, stat } from 'node:fs/promises';
import { dirname } from 'node:path';
import { systemReason, type Finding } from '../service/index.ts';
import { find } from './check-findings.ts';
import type { PoolSettings } from './config/index.ts';
import { isAnswering } from './listener.ts';

/** Where the Unix socket is to be. */
export function socketOf({ unix_socket_dir: folder, listen_port: port }: PoolSettings): string {
  return `${folder}/.s.PGSQL.${port}`;
}

/** What is to be written, and what others must not read. Nothing is written. */
export async function checkFiles(settings: PoolSettings): Promise<Finding[]> {
  const { logfile, auth_file, client_tls_key_file, server_tls_key_file } = settings;
  const found = await Promise.all([
    checkSocket(settings),
    checkPidFile(settings),
    logfile === '' ? null : checkWritable('logfile', logfile),
    ...[auth_file, client_tls_key_file, server_tls_key_file].map(checkSecret),
  ]);
  return found.filter((finding) => finding !== null);
}

async function checkSocket(settings: PoolSettings): Promise<Finding | null> {
  const { unix_socket_dir: folder } = settings;
  if (folder === '') return null;
  const path = socketOf(settings);
  const reason = await whyNotWritable(folder);
  if (reason !== null) return find('CHECK_POOL_FOLDER', path, `unix_socket_dir: ${reason}`);
  if (await isStuck(folder, path)) {
    const evidence = 'another user has left it in a folder where only its owner may remove it';
    return (await isAnswering(path)) ? null : find('CHECK_POOL_FOLDER', path, evidence);
  }
  return null;
}

async function checkPidFile({ pidfile }: PoolSettings): Promise<Finding | null> {
  if (pidfile === '') return null;
  const text = await readFile(pidfile, 'utf8').catch(() => '');
  const pid = Number.parseInt(text, 10);
  if (isRunning(pid)) return find('CHECK_POOL_RUNNING', pidfile, `process ${pid} runs`);
  return checkWritable('pidfile', pidfile);
}

async function checkWritable(setting: string, file: string): Promise<Finding | null> {
  const isThere = await access(file).then(
    () => true,
    () => false,
  );
  const reason = await whyNotWritable(isThere ? file : dirname(file));
  return reason === null ? null : find('CHECK_POOL_FOLDER', file, `${setting}: ${reason}`);
}

async function checkSecret(file: string): Promise<Finding | null> {
  if (file === '') return null;
  const mode = await stat(file).then(
    (found) => found.mode,
    () => 0, // that it cannot be read is told elsewhere
  );
  if ((mode & 0o007) === 0) return null;
  return find('CHECK_POOL_SECRETS', file, `its mode is 0${(mode & 0o777).toString(8)}`);
}

async function whyNotWritable(path: string): Promise<string | null> {
  try {
    await access(path, constants.W_OK);
    return null;
  } catch (error) {
    return `${path} cannot be written: ${systemReason(error)}`;
  }
}

/** In a sticky folder only root, the folder's owner and the file's own may remove a file. */
async function isStuck(folder: string, path: string): Promise<boolean> {
  const own = process.geteuid?.() ?? 0;
  const file = await lstat(path).catch(() => null);
  if (file === null || own === 0 || file.uid === own) return false;
  const { mode, uid } = await stat(folder);
  return (mode & 0o1000) !== 0 && uid !== own;
}

export function isRunning(pid: number): boolean {
  if (!Number.isInteger(pid) || pid <= 0) return false;
  try {
    process.kill(pid, 0);
    return true;
  } catch (error) {
    // Of another user: it runs.
    return error instanceof Error && 'code' in error && error.code === 'EPERM';
  }
}
