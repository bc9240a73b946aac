import { spawn, type ChildProcess } from 'node:child_process';
import { Socket } from 'node:net';

/**
 * A shell that outlives us by a moment: when our end of its standard input closes, which the kernel
 * does for us however we die, it ends the server it was last told of and removes the folder.
 * The last line is the postmaster's process id, empty while none runs.
 */
const script = `
pid=
while read -r line; do pid=$line; done
if [ -n "$pid" ]; then
  kill -QUIT "$pid" 2>/dev/null
  tries=0
  while kill -0 "$pid" 2>/dev/null && [ "$tries" -lt 100 ]; do sleep 0.1; tries=$((tries + 1)); done
  kill -KILL "$pid" 2>/dev/null
fi
rm -rf -- "$1"
`;

export interface Watchdog {
  /** Tell which server process to end with us; null when it has ended. */
  guard(pid: number | null): void;
  /** Let it remove the folder and end; resolves when it has. */
  release(): Promise<void>;
}

/** Guard a folder, and the server running in it, against our own sudden death. */
export function startWatchdog(folder: string): Watchdog {
  // Detached: a Ctrl-C at the terminal reaches the whole foreground group and must not end it first.
  const shell = spawn('/bin/sh', ['-c', script, 'sluice-watchdog', folder], {
    detached: true,
    stdio: ['pipe', 'ignore', 'ignore'],
    cwd: '/',
  });
  shell.unref();
  // A watchdog that someone killed is no reason to fail; the pipe's EPIPE would be an uncaught error.
  shell.stdin.on('error', () => undefined);
  if (shell.stdin instanceof Socket) shell.stdin.unref();
  return {
    guard: (pid) => void shell.stdin.write(`${pid ?? ''}\n`),
    release: () => released(shell),
  };
}

async function released(shell: ChildProcess): Promise<void> {
  if (shell.exitCode !== null || shell.signalCode !== null) return;
  shell.ref();
  const ended = new Promise<void>((resolve) => shell.once('exit', () => resolve()));
  shell.stdin?.end();
  await ended;
}
