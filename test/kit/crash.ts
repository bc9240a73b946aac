import { spawn, type ChildProcess } from 'node:child_process';
import { once } from 'node:events';
import { fileURLToPath } from 'node:url';
import { onTestFinished, TestRunner } from 'vitest';
import { waitFor, within } from './wait.ts';

const main = fileURLToPath(new URL('../../src/cli/main.ts', import.meta.url));

export interface Ended {
  /** Null when a signal ended it. */
  readonly exitCode: number | null;
  readonly signal: NodeJS.Signals | null;
  readonly stdout: string;
  readonly stderr: string;
}

export interface SluiceOptions {
  /** `{ 'apply.before-commit': 'kill' }`, or `'kill@3'` for the third time it is passed. */
  readonly failpoints?: Readonly<Record<string, string>>;
  readonly env?: Readonly<Record<string, string>>;
  readonly cwd?: string;
  /** Node flags, such as `--max-old-space-size=200`. */
  readonly nodeArgs?: readonly string[];
}

/**
 * The command line as a process of its own, run from the sources: `startSluice(['replicate', 'run', ...])`.
 * Killed when the running test ends.
 */
export function startSluice(args: readonly string[], options: SluiceOptions = {}): SluiceProcess {
  const child = new SluiceProcess(args, options);
  if (TestRunner.getCurrentTest() !== undefined) {
    onTestFinished(async () => {
      await child.kill();
    });
  }
  return child;
}

/** Run to the end and return what it said. */
export async function runSluice(
  args: readonly string[],
  options: SluiceOptions = {},
): Promise<Ended> {
  return startSluice(args, options).ended();
}

/**
 * Run until the failpoint kills it.
 *
 * @throws when it ends in any other way: then the failpoint was never passed
 */
export async function crashSluice(
  args: readonly string[],
  failpoint: string,
  options: SluiceOptions = {},
): Promise<Ended> {
  const failpoints = {
    ...options.failpoints,
    [failpoint]: options.failpoints?.[failpoint] ?? 'kill',
  };
  const ended = await runSluice(args, { ...options, failpoints });
  if (ended.signal === 'SIGKILL') return ended;
  throw new Error(
    `failpoint ${failpoint} did not kill sluice ${args[0]}: exit code ${ended.exitCode}\n${ended.stderr}`,
  );
}

export class SluiceProcess {
  readonly args: readonly string[];
  readonly #child: ChildProcess;
  readonly #exit: Promise<unknown>;
  #stdout = '';
  #stderr = '';

  constructor(args: readonly string[], options: SluiceOptions) {
    this.args = args;
    this.#child = spawn(process.execPath, [...(options.nodeArgs ?? []), main, ...args], {
      stdio: ['ignore', 'pipe', 'pipe'],
      ...(options.cwd === undefined ? {} : { cwd: options.cwd }),
      env: {
        ...process.env,
        NO_COLOR: '1',
        ...options.env,
        SLUICE_FAILPOINTS: Object.entries(options.failpoints ?? {})
          .map(([name, action]) => `${name}=${action}`)
          .join(','),
      },
    });
    this.#exit = once(this.#child, 'close');
    this.#child.stdout?.on('data', (bytes) => (this.#stdout += String(bytes)));
    this.#child.stderr?.on('data', (bytes) => (this.#stderr += String(bytes)));
  }

  get pid(): number {
    return this.#child.pid ?? 0;
  }

  get stdout(): string {
    return this.#stdout;
  }

  get stderr(): string {
    return this.#stderr;
  }

  get isRunning(): boolean {
    return this.#child.exitCode === null && this.#child.signalCode === null;
  }

  /** Wait until it has written something that matches; fails when it ends first. */
  async says(pattern: RegExp, timeoutMs = 30_000): Promise<RegExpMatchArray> {
    return waitFor(
      `sluice ${this.args.join(' ')} to say ${pattern}`,
      () => {
        const match = `${this.#stdout}\n${this.#stderr}`.match(pattern);
        if (match === null && !this.isRunning) throw new Error(this.#describeEnd());
        return match;
      },
      { timeoutMs },
    );
  }

  /** Wait until it holds at a failpoint set to `hold`. */
  async holdsAt(failpoint: string): Promise<void> {
    await this.says(new RegExp(`failpoint ${failpoint.replaceAll('.', '\\.')}: hold`));
  }

  signal(signal: NodeJS.Signals): void {
    this.#child.kill(signal);
  }

  /** SIGKILL, as a crash; resolves when it is gone. Fine when it is already. */
  async kill(): Promise<Ended> {
    this.#child.kill('SIGKILL');
    return this.ended();
  }

  /** SIGTERM, and wait for the clean end. */
  async stop(): Promise<Ended> {
    this.#child.kill('SIGTERM');
    return this.ended();
  }

  async ended(timeoutMs = 120_000): Promise<Ended> {
    await within(`sluice ${this.args.join(' ')} to end`, this.#exit, timeoutMs);
    return {
      exitCode: this.#child.exitCode,
      signal: this.#child.signalCode,
      stdout: this.#stdout,
      stderr: this.#stderr,
    };
  }

  #describeEnd(): string {
    const how = this.#child.signalCode ?? this.#child.exitCode;
    return `sluice ${this.args.join(' ')} ended (${how}) before that:\n${this.#stdout}${this.#stderr}`;
  }
}
