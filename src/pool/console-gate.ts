import { readFile, rename, writeFile } from 'node:fs/promises';
import { Client } from 'pg';
import { SluiceError } from '../errors/index.ts';
import { withinDeadline, type Gate, type GateTarget } from '../service/index.ts';
import { redirectEntry } from './redirect-entry.ts';

export interface ConsoleGateOptions {
  /** The console: `postgres://admin@10.0.0.5:6432/pgbouncer`. */
  readonly console: string;
  readonly database: string;
  /** The file that the process reads at RELOAD, with `[databases]` in it. */
  readonly configFile: string;
}

/**
 * One database of a pgBouncer, or of a pool of ours in another process, as a gate: by its console and its
 * file. The file is written whole and renamed into place, so that it is never half there.
 */
export class ConsoleGate implements Gate {
  readonly name: string;
  readonly #options: ConsoleGateOptions;
  #isPaused = false;
  /** The file before a redirect that may still be undone. */
  #before: string | null = null;

  constructor(options: ConsoleGateOptions) {
    this.#options = options;
    this.name = `pgbouncer ${options.database}`;
  }

  async pause(deadlineMs: number): Promise<void> {
    if (this.#isPaused) return;
    try {
      await withinDeadline(this.name, deadlineMs, (signal) => this.#command('PAUSE', signal));
    } catch (error) {
      // The console that waited has gone; what it has begun has not.
      await this.#command('RESUME').catch(() => undefined);
      throw error;
    }
    this.#isPaused = true;
  }

  async redirect(target: GateTarget): Promise<void> {
    if (!this.#isPaused) throw new SluiceError('GATE_NOT_PAUSED', { gate: this.name });
    const { configFile, database } = this.#options;
    const text = await readFile(configFile, 'utf8');
    const redirected = redirectEntry(text, database, target);
    if (redirected === null) throw this.#refused('redirect', `${configFile} has no line for it`);
    this.#before ??= text;
    await this.#load(redirected);
  }

  async resume(): Promise<void> {
    if (this.#isPaused) await this.#command('RESUME');
    this.#isPaused = false;
    this.#before = null;
  }

  async abort(): Promise<void> {
    if (this.#before !== null) await this.#load(this.#before);
    await this.resume();
  }

  async #load(text: string): Promise<void> {
    const { configFile } = this.#options;
    const draft = `${configFile}.sluice`;
    await writeFile(draft, text);
    await rename(draft, configFile);
    await this.#run('RELOAD');
  }

  #command(verb: 'PAUSE' | 'RESUME', signal?: AbortSignal): Promise<void> {
    return this.#run(`${verb} "${this.#options.database.replaceAll('"', '""')}"`, signal);
  }

  /** A connection for each command: one that waits can be given up without harm to the next. */
  async #run(command: string, signal?: AbortSignal): Promise<void> {
    const client = new Client({ connectionString: this.#options.console });
    const { promise: lost, reject } = Promise.withResolvers<never>();
    const giveUp = (): void => reject(signal?.reason);
    client.on('error', reject);
    signal?.addEventListener('abort', giveUp, { once: true });
    try {
      await Promise.race([client.connect(), lost]);
      const query = client.query(command);
      query.catch(() => undefined); // may end after nobody waits for it any more
      await Promise.race([query, lost]);
    } catch (error) {
      if (signal?.aborted === true) throw error;
      const reason = error instanceof Error ? error.message : String(error);
      throw this.#refused(command, reason);
    } finally {
      signal?.removeEventListener('abort', giveUp);
      void client.end().catch(() => undefined);
      lost.catch(() => undefined);
    }
  }

  #refused(action: string, reason: string): SluiceError {
    return new SluiceError('GATE_REFUSED', { gate: this.name, action, reason });
  }
}
