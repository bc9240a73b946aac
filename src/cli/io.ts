import type { Output } from './progress/view.ts';

/** A stream of the process, or what a test puts in its place. */
export interface CommandOutput extends Output {
  readonly isTTY?: boolean;
}

/** What a command may touch of the process. */
export interface CommandIo {
  /** What was asked for: results, JSON. */
  readonly stdout: CommandOutput;
  /** What is said beside it: progress, log, errors. */
  readonly stderr: CommandOutput;
  readonly env: NodeJS.ProcessEnv;
  /** What the process exits with when no error says otherwise. */
  exitCode: number;
}

export function processIo(): CommandIo {
  endQuietlyOnBrokenPipe(process.stdout);
  endQuietlyOnBrokenPipe(process.stderr);
  return { stdout: process.stdout, stderr: process.stderr, env: process.env, exitCode: 0 };
}

/** `sluice status | head`: a reader that has seen enough is no failure that deserves a stack. */
function endQuietlyOnBrokenPipe(stream: NodeJS.WriteStream): void {
  stream.on('error', (error: NodeJS.ErrnoException) => {
    if (error.code === 'EPIPE' || error.code === 'EIO') process.exit(1);
    throw error;
  });
}

/** A terminal that can move its cursor; `TERM=dumb` and CI logs get plain lines. */
export function isLive(io: CommandIo): boolean {
  return io.stderr.isTTY === true && io.env['TERM'] !== 'dumb' && io.env['CI'] === undefined;
}
