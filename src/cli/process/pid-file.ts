import { access, chown, constants, readFile, unlink, writeFile } from 'node:fs/promises';
import { dirname } from 'node:path';
import { SluiceError } from '../../errors/index.ts';
import { isRunning } from '../../pool/index.ts';
import { systemReason, type Log } from '../../service/index.ts';
import type { SystemUser } from './system-user.ts';

/** The file that names the running process; nothing without a name. */
export class PidFile {
  readonly #file: string;
  #isOurs = false;

  /** @param file  '' for none */
  constructor(file: string) {
    this.#file = file;
  }

  /** @throws COMMAND_PIDFILE  the process that it names runs, or COMMAND_PIDFILE_UNWRITABLE */
  async check(log: Log): Promise<void> {
    if (this.#file === '') return;
    const text = await readFile(this.#file, 'utf8').catch(() => undefined);
    if (text === undefined) return this.#checkFolder();
    const pid = Number.parseInt(text, 10);
    // In a container the next process gets the number of the last one: its own is no other's.
    if (pid !== process.pid && isRunning(pid)) {
      throw this.#failure(`it exists and process ${pid} runs: another instance?`);
    }
    log.warn('a stale pidfile is removed', { file: this.#file });
    await unlink(this.#file).catch((cause: unknown) => {
      throw this.#unwritable(cause);
    });
  }

  /** @param isTakenOver  the process that it names leaves it to this one. @throws COMMAND_PIDFILE_UNWRITABLE */
  async write(isTakenOver = false): Promise<void> {
    if (this.#file === '') return;
    try {
      const flag = isTakenOver ? 'w' : 'wx';
      await writeFile(this.#file, `${process.pid}\n`, { flag, mode: 0o644 });
    } catch (cause) {
      throw this.#unwritable(cause);
    }
    this.#isOurs = true;
  }

  /** It is another process's from now on. */
  leave(): void {
    this.#isOurs = false;
  }

  /** So that it can be removed by the user that the process becomes. */
  async giveTo({ uid, gid }: SystemUser): Promise<void> {
    if (this.#isOurs) await chown(this.#file, uid, gid);
  }

  /** The user that we have become may not be allowed to. */
  async remove(log: Log): Promise<void> {
    if (!this.#isOurs) return;
    this.#isOurs = false;
    try {
      await unlink(this.#file);
    } catch (error) {
      log.warn('the pidfile cannot be removed', { file: this.#file, error });
    }
  }

  /** Before clients are served: they would be cut off again. */
  async #checkFolder(): Promise<void> {
    try {
      await access(dirname(this.#file), constants.W_OK);
    } catch (cause) {
      throw this.#unwritable(cause);
    }
  }

  #unwritable(cause: unknown): SluiceError {
    const details = { file: this.#file, reason: systemReason(cause) };
    return new SluiceError('COMMAND_PIDFILE_UNWRITABLE', details, { cause });
  }

  #failure(problem: string): SluiceError {
    return new SluiceError('COMMAND_PIDFILE', { file: this.#file, problem });
  }
}
