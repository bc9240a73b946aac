import { closeSync, openSync, writeSync } from 'node:fs';
import { SluiceError } from '../../errors/index.ts';
import { toJson } from '../../service/index.ts';

/**
 * A file that lines are appended to, each before the next thing happens.
 *
 * A full disk must not end a pooler that thousands of clients go through: while the file cannot be written,
 * lines go elsewhere, and the next one is tried again.
 */
export class LogFile {
  readonly #file: string;
  readonly #elsewhere: (line: string) => void;
  #descriptor: number | undefined;
  #isFailing = false;

  constructor(file: string, elsewhere: (line: string) => void) {
    this.#file = file;
    this.#elsewhere = elsewhere;
  }

  /** @throws POOL_LOG_FILE  at a start nobody wants to look for the log elsewhere */
  static check(file: string): void {
    if (file === '') return;
    try {
      closeSync(openSync(file, 'a', 0o640));
    } catch (cause) {
      const reason = cause instanceof Error ? cause.message : String(cause);
      throw new SluiceError('POOL_LOG_FILE', { file, reason }, { cause });
    }
  }

  write(line: string): void {
    try {
      this.#descriptor ??= openSync(this.#file, 'a', 0o640);
      writeSync(this.#descriptor, line);
      this.#isFailing = false;
    } catch (error) {
      if (!this.#isFailing) this.#elsewhere(this.#describe(error));
      this.#isFailing = true;
      this.#elsewhere(line);
    }
  }

  close(): void {
    if (this.#descriptor !== undefined) closeSync(this.#descriptor);
    this.#descriptor = undefined;
  }

  #describe(error: unknown): string {
    const reason = error instanceof Error ? error.message : String(error);
    const time = new Date().toISOString();
    const msg = 'logfile cannot be written: its lines come here';
    return `${toJson({ level: 'error', time, pid: process.pid, reason, file: this.#file, msg })}\n`;
  }
}
