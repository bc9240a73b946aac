import { chown, readFile, unlink, writeFile } from 'node:fs/promises';
import { SluiceError } from '../../errors/index.ts';
import type { Log } from '../../service/index.ts';
import type { SystemUser } from './system-user.ts';

/** The file that names the running process; nothing without a name. */
export class PidFile {
  readonly #file: string;
  #isOurs = false;

  /** @param file  '' for none */
  constructor(file: string) {
    this.#file = file;
  }

  /** @throws POOL_PIDFILE  the process that it names runs */
  async check(log: Log): Promise<void> {
    if (this.#file === '') return;
    const text = await readFile(this.#file, 'utf8').catch(() => undefined);
    if (text === undefined) return;
    const pid = Number.parseInt(text, 10);
    // In a container the next process gets the number of the last one: its own is no other's.
    if (pid !== process.pid && isRunning(pid)) {
      throw this.#failure(`it exists and process ${pid} runs: another instance?`);
    }
    log.warn('a stale pidfile is removed', { file: this.#file });
    await unlink(this.#file);
  }

  /** @param isTakenOver  the process that it names leaves it to this one. @throws POOL_PIDFILE */
  async write(isTakenOver = false): Promise<void> {
    if (this.#file === '') return;
    try {
      const flag = isTakenOver ? 'w' : 'wx';
      await writeFile(this.#file, `${process.pid}\n`, { flag, mode: 0o644 });
    } catch (cause) {
      throw this.#failure(cause instanceof Error ? cause.message : String(cause));
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

  #failure(problem: string): SluiceError {
    return new SluiceError('POOL_PIDFILE', { file: this.#file, problem });
  }
}

function isRunning(pid: number): boolean {
  if (!Number.isInteger(pid) || pid <= 0) return false;
  try {
    process.kill(pid, 0);
    return true;
  } catch (error) {
    // Of another user: it runs.
    return error instanceof Error && 'code' in error && error.code === 'EPERM';
  }
}
