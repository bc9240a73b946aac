import { execFile } from 'node:child_process';
import { randomBytes } from 'node:crypto';
import { existsSync } from 'node:fs';
import { chown, mkdir, rename, rm, writeFile } from 'node:fs/promises';
import { join } from 'node:path';
import { promisify } from 'node:util';
import { SluiceError } from '../errors/index.ts';
import type { Major } from './local-server-binaries.ts';
import { changeSystemIdentifier } from './local-server-identity.ts';
import { giveToOwner, serverOwner } from './local-server-owner.ts';

/**
 * Make a new data directory with superuser `postgres`.
 *
 * @param password null trusts every connection from this machine
 * @throws SluiceError DEMO_INITDB_FAILED
 */
export async function initDataDir(
  bin: string,
  major: Major,
  dataDir: string,
  password: string | null,
): Promise<void> {
  await mkdir(dataDir, { recursive: true, mode: 0o700 });
  const passwordFile = `${dataDir}.password`;
  const auth =
    password === null ? ['--auth=trust'] : ['--auth=scram-sha-256', `--pwfile=${passwordFile}`];
  if (password !== null) await writeFile(passwordFile, `${password}\n`, { mode: 0o600 });
  try {
    const owner = serverOwner();
    if (owner !== null && password !== null) await chown(passwordFile, owner.uid, owner.gid);
    await giveToOwner(dataDir);
    await runInitdb(bin, major, dataDir, auth);
  } finally {
    await rm(passwordFile, { force: true });
  }
}

/**
 * Make a data directory by copying the one kept in `templateDir`, which is made on first use.
 * Copying takes a tenth of initdb's time. Every copy gets a system identifier of its own, because
 * Sluice must be able to tell two servers apart. Safe for many processes at once.
 */
export async function copyDataDir(
  bin: string,
  major: Major,
  dataDir: string,
  templateDir: string,
): Promise<void> {
  const template = join(templateDir, `data-${major}`);
  if (!existsSync(template)) await makeTemplate(bin, major, template);
  await copyTree(template, dataDir);
  await changeSystemIdentifier(dataDir);
}

async function makeTemplate(bin: string, major: Major, template: string): Promise<void> {
  const draft = `${template}-${randomBytes(6).toString('hex')}`;
  await initDataDir(bin, major, draft, null);
  try {
    await rename(draft, template);
  } catch (error) {
    if (!hasCode(error, 'ENOTEMPTY') && !hasCode(error, 'EEXIST')) throw error;
    await rm(draft, { recursive: true, force: true }); // another process was faster; its one is as good
  }
}

/** Copied by `cp`, as the server's owner: ten times faster than a thousand files one by one. */
async function copyTree(from: string, to: string): Promise<void> {
  await promisify(execFile)('cp', ['-Rp', from, to], { ...serverOwner(), cwd: '/' });
}

async function runInitdb(
  bin: string,
  major: Major,
  dataDir: string,
  auth: string[],
): Promise<void> {
  const args = ['-D', dataDir, '-U', 'postgres', '-E', 'UTF8', '--locale=C', '--no-sync', ...auth];
  try {
    await promisify(execFile)(join(bin, 'initdb'), args, {
      ...serverOwner(),
      cwd: '/',
      env: { PATH: process.env['PATH'] ?? '', LC_ALL: 'C', TZ: 'UTC' },
    });
  } catch (error) {
    const exitCode = error instanceof Error && 'code' in error ? String(error.code) : 'unknown';
    throw new SluiceError('DEMO_INITDB_FAILED', { major, dataDir, exitCode }, { cause: error });
  }
}

function hasCode(error: unknown, code: string): boolean {
  return error instanceof Error && 'code' in error && error.code === code;
}
