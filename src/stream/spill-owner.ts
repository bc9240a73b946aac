import { readdirSync, readFileSync, readlinkSync, rmSync, writeFileSync } from 'node:fs';
import { hostname } from 'node:os';
import { join } from 'node:path';
import { z } from 'zod';

const ownerFile = 'owner.json';

const ownerSchema = z.object({
  host: z.string(),
  /** Of the running kernel; empty where there is no way to know. */
  boot: z.string(),
  /** Containers have their own: a pid of one means nothing in another. */
  pidNamespace: z.string(),
  pid: z.number().int(),
  /** In ticks since the boot: pids come again. */
  startedAt: z.string(),
});

export type SpillOwner = z.infer<typeof ownerSchema>;

// The kernel's own number for the namespace in which a machine's init lives: not within a container.
const machinesOwn = 'pid:[4026531836]';

/** Says whose `directory` is. */
export function writeOwner(directory: string): void {
  writeFileSync(join(directory, ownerFile), JSON.stringify(describeOwner()));
}

/** Removes the folders whose owner is provably dead; others may be in use, by a container or another host. */
export function removeAbandoned(parent: string, prefix: string): void {
  const us = describeOwner();
  for (const name of readdirSync(parent)) {
    if (!name.startsWith(prefix)) continue;
    const owner = readOwner(join(parent, name));
    if (owner && isDead(owner, us)) rmSync(join(parent, name), { recursive: true, force: true });
  }
}

export function describeOwner(): SpillOwner {
  return {
    host: hostname(),
    boot: systemFact(() => readFileSync('/proc/sys/kernel/random/boot_id', 'utf8').trim()),
    pidNamespace: systemFact(() => readlinkSync('/proc/self/ns/pid')),
    pid: process.pid,
    startedAt: startOf(process.pid),
  };
}

export function isDead(owner: SpillOwner, us: SpillOwner): boolean {
  if (owner.host !== us.host || owner.pidNamespace !== us.pidNamespace) return false;
  // No process outlives its machine's boot; a container's names may be another machine's, too.
  if (owner.boot !== us.boot) return us.pidNamespace === machinesOwn;
  return !isAlive(owner.pid) || startOf(owner.pid) !== owner.startedAt;
}

function readOwner(directory: string): SpillOwner | null {
  try {
    const text = readFileSync(join(directory, ownerFile), 'utf8');
    return ownerSchema.parse(JSON.parse(text));
  } catch {
    return null; // none, or not of ours, or half written: nothing is proven
  }
}

/** Field 22 of the process's stat, counted behind the name, which may hold anything. */
function startOf(pid: number): string {
  return systemFact(() => {
    const stat = readFileSync(`/proc/${pid}/stat`, 'latin1');
    return stat.slice(stat.lastIndexOf(')') + 2).split(' ')[19]!;
  });
}

/** Empty on a system that does not tell. */
function systemFact(read: () => string): string {
  try {
    return read();
  } catch {
    return '';
  }
}

function isAlive(pid: number): boolean {
  try {
    process.kill(pid, 0);
    return true;
  } catch (error) {
    return error instanceof Error && 'code' in error && error.code === 'EPERM';
  }
}
