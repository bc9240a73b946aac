import { chown, mkdtemp, readdir, stat } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { dirname, join } from 'node:path';

/** PostgreSQL refuses to run as root; 65534 is `nobody`, which every system has and owns nothing. */
const nobody = { uid: 65534, gid: 65534 } as const;

/** Who runs the server and owns its files: null is ourselves. */
export function serverOwner(): typeof nobody | null {
  return process.getuid?.() === 0 ? nobody : null;
}

/** A new private folder for one server, in a place its owner can reach. */
export async function makeServerFolder(purpose: string, parentDir?: string): Promise<string> {
  const folder = await mkdtemp(join(parentDir ?? (await reachableTmpdir()), `sluice-${purpose}-`));
  await giveToOwner(folder);
  return folder;
}

/** Hand a folder and everything in it to the server's owner. */
export async function giveToOwner(folder: string): Promise<void> {
  const owner = serverOwner();
  if (owner === null) return;
  await chown(folder, owner.uid, owner.gid);
  for (const entry of await readdir(folder, { withFileTypes: true, recursive: true })) {
    await chown(join(entry.parentPath, entry.name), owner.uid, owner.gid);
  }
}

/** True when every user may read this folder and enter all folders above it. */
export async function isOpenToOthers(folder: string): Promise<boolean> {
  if (((await stat(folder)).mode & 0o005) !== 0o005) return false;
  for (let above = dirname(folder); above !== dirname(above); above = dirname(above)) {
    if (((await stat(above)).mode & 0o001) === 0) return false;
  }
  return true;
}

async function reachableTmpdir(): Promise<string> {
  const told = tmpdir();
  return serverOwner() === null || (await isOpenToOthers(told)) ? told : '/tmp';
}
