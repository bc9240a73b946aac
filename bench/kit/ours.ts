import { spawn, type ChildProcess } from 'node:child_process';
import { once } from 'node:events';
import { fileURLToPath } from 'node:url';

const main = fileURLToPath(new URL('../../dist/cli/main.js', import.meta.url));

export interface OursOptions {
  readonly source: string;
  readonly target: string;
  readonly name: string;
  readonly args?: readonly string[];
}

/** The built `sluice replicate run --once`, as a user would run it: process start and checks included. */
export async function runOurs(options: OursOptions): Promise<void> {
  const child = startOurs({ ...options, args: ['--once', ...(options.args ?? [])] });
  await child.ended();
}

export interface OursProcess {
  /** Resolves when it ends well; rejects with what it said when it does not. */
  ended(): Promise<void>;
  stop(): Promise<void>;
}

/** `sluice replicate run`, following until stopped. */
export function startOurs({ source, target, name, args = [] }: OursOptions): OursProcess {
  const line = [
    'replicate',
    'run',
    '--source',
    source,
    '--target',
    target,
    '--name',
    name,
    ...args,
  ];
  const child = spawn(process.execPath, [main, ...line], { stdio: ['ignore', 'pipe', 'pipe'] });
  const ended = watch(child);
  ended.catch(() => undefined); // whoever awaits it hears of it
  return {
    ended: () => ended,
    stop: async () => {
      child.kill('SIGTERM');
      await ended;
    },
  };
}

async function watch(child: ChildProcess): Promise<void> {
  let said = '';
  const hear = (bytes: Buffer): void => {
    said = (said + bytes.toString()).slice(-20_000);
  };
  child.stdout?.on('data', hear);
  child.stderr?.on('data', hear);
  await once(child, 'close');
  if (child.exitCode === 0) return;
  throw new Error(`sluice ended with ${child.exitCode ?? child.signalCode}:\n${said}`);
}
