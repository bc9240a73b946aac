import { spawn, type ChildProcess } from 'node:child_process';
import { z } from 'zod';
import { Refusal } from '../refusal.ts';

/** How the new process is started: what the one that asks for it would have run itself. */
const launchShape = z.strictObject({
  program: z.string(),
  args: z.array(z.string()),
  folder: z.string(),
  env: z.record(z.string(), z.string()),
});

export type Launch = z.output<typeof launchShape>;

/** @throws Refusal  it is none */
export function readLaunch(text: string): Launch {
  try {
    return launchShape.parse(JSON.parse(text));
  } catch {
    throw new Refusal('08P01', 'TAKEOVER takes what to run, as JSON');
  }
}

/** A process of its own, which outlives this one; with a line to this one while there is something to hand over. */
export function launch({ program, args, folder, env }: Launch): ChildProcess {
  return spawn(program, args, {
    cwd: folder,
    env,
    detached: true,
    stdio: ['ignore', 'ignore', 'ignore', 'ipc'],
    serialization: 'advanced',
  });
}
