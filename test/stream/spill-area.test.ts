import { spawn } from 'node:child_process';
import { once } from 'node:events';
import { existsSync, mkdirSync, readdirSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { describe, expect, test } from 'vitest';
import { SpillArea } from '../../src/stream/index.ts';
import { describeOwner, isDead, type SpillOwner } from '../../src/stream/spill-owner.ts';
import { temporaryFolder } from '../kit/index.ts';

const us = describeOwner();

/** The pid of a process that has ended. */
async function endedPid(): Promise<number> {
  const child = spawn(process.execPath, ['--version'], { stdio: 'ignore' });
  await once(child, 'exit');
  return child.pid!;
}

function leave(directory: string, name: string, owner: SpillOwner | null): string {
  const left = join(directory, name);
  mkdirSync(left);
  if (owner) writeFileSync(join(left, 'owner.json'), JSON.stringify(owner));
  return left;
}

describe('a spill area', () => {
  test('removes what dead processes left, and leaves the rest', async () => {
    const directory = temporaryFolder();
    const pid = await endedPid();
    const dead = leave(directory, 'sluice-spill-other-abc', { ...us, pid });
    const kept = [
      leave(directory, 'sluice-spill-shop-abc', us),
      leave(directory, `sluice-spill-shop-${pid}-abc`, us),
      leave(directory, `sluice-spill-shop-${pid}-def`, null),
      leave(directory, 'sluice-spill-elsewhere-abc', { ...us, pid, host: 'another' }),
      leave(directory, 'sluice-spill-container-abc', { ...us, pid, pidNamespace: 'pid:[1]' }),
      leave(directory, 'another-abc', { ...us, pid }),
    ];
    const area = new SpillArea('shop', { directory, maxBytes: 1 });
    expect(existsSync(dead)).toBe(false);
    expect(kept.filter((path) => !existsSync(path))).toEqual([]);
    expect(readdirSync(directory)).toHaveLength(kept.length + 1);
    await area.remove();
    expect(readdirSync(directory)).toHaveLength(kept.length);
  });

  test('of a pipeline whose name ends in a number stays while it is in use', async () => {
    const directory = temporaryFolder();
    const pid = await endedPid();
    const live = new SpillArea(`shop-${pid}`, { directory, maxBytes: 1 });
    await new SpillArea('shop', { directory, maxBytes: 1 }).remove();
    expect(existsSync(live.directory)).toBe(true);
    await live.remove();
  });
});

describe('an owner is dead', () => {
  test.skipIf(us.startedAt === '')('when its pid is another process now', () => {
    expect(isDead(us, us)).toBe(false);
    expect(isDead({ ...us, startedAt: '1' }, us)).toBe(true);
  });

  test('since the machine was booted again, which says nothing of a container', () => {
    const machine = { ...us, pidNamespace: 'pid:[4026531836]' };
    expect(isDead({ ...machine, boot: 'before' }, machine)).toBe(true);
    const container = { ...us, pidNamespace: 'pid:[4026532000]' };
    expect(isDead({ ...container, boot: 'before' }, container)).toBe(false);
  });
});
