import { ServerError, SluiceError } from '../errors/index.ts';
import {
  BackendTag,
  decodeCommandComplete,
  decodeErrorFields,
  describeTag,
  MessageWriter,
  type OnFrame,
  type OnRun,
} from '../wire/index.ts';
import type { Link } from './link.ts';

/** Takes CopyData messages as they came, headers included; may end inside one. See CopyRunScanner. */
export type TakeRun = (bytes: Buffer) => Promise<void> | void;

/**
 * Runs `COPY ... TO STDOUT` and hands its messages on unread, in order. While a promise of `takeRun` is
 * open nothing more is read: the server waits.
 *
 * When `takeRun` fails, the statement is cancelled and the session is usable again.
 *
 * @throws ServerError, or what `takeRun` threw
 */
export async function copyOut(
  link: Link,
  sql: string,
  takeRun: TakeRun,
  cancel: () => Promise<void>,
): Promise<{ rowCount: number | null }> {
  const copy = new CopyOut(link, takeRun, cancel);
  await link.submit([new MessageWriter().query(sql).take()], 1, copy.onFrame);
  return copy.finish();
}

class CopyOut {
  readonly #link: Link;
  readonly #takeRun: TakeRun;
  readonly #cancel: () => Promise<void>;
  #rowCount: number | null = null;
  #isCopy = false;
  #serverError: Error | null = null;
  #takeError: { readonly error: unknown } | null = null;
  /** Runs handed on and not taken yet; at most the runs of one read. */
  #taking = 0;
  /** When the last of them is taken. Never rejects. */
  #taken: Promise<void> = Promise.resolve();

  constructor(link: Link, takeRun: TakeRun, cancel: () => Promise<void>) {
    this.#link = link;
    this.#takeRun = takeRun;
    this.#cancel = cancel;
  }

  readonly onFrame: OnFrame = (tag, bytes, start, end) => {
    switch (tag) {
      case BackendTag.copyOutResponse:
        this.#isCopy = true;
        this.#link.beginRuns(this.#onRun);
        return;
      case BackendTag.commandComplete:
        this.#rowCount = decodeCommandComplete(bytes, start, end).rowCount;
        return;
      case BackendTag.errorResponse:
        this.#serverError ??= new ServerError(
          decodeErrorFields(bytes, start, end),
          this.#link.place,
        );
        return;
      case BackendTag.readyForQuery:
        this.#link.endRuns();
        return;
      case BackendTag.copyInResponse:
      case BackendTag.copyBothResponse:
        throw new SluiceError('SESSION_UNEXPECTED', {
          place: this.#link.place,
          tag: describeTag(tag),
        });
      default:
    }
  };

  async finish(): Promise<{ rowCount: number | null }> {
    await this.#taken;
    if (this.#takeError !== null) throw this.#takeError.error;
    if (this.#serverError !== null) throw this.#serverError;
    if (!this.#isCopy) throw new SluiceError('SESSION_COPY_EXPECTED', { direction: 'TO STDOUT' });
    return { rowCount: this.#rowCount };
  }

  readonly #onRun: OnRun = (bytes, start, end) => {
    if (this.#takeError !== null) return;
    const run = start === 0 && end === bytes.length ? bytes : bytes.subarray(start, end);
    try {
      const wait =
        this.#taking === 0 ? this.#takeRun(run) : this.#taken.then(() => this.#take(run));
      if (wait !== undefined) this.#waitFor(wait);
    } catch (error) {
      this.#stop(error);
    }
  };

  #take(run: Buffer): Promise<void> | void {
    return this.#takeError === null ? this.#takeRun(run) : undefined;
  }

  #waitFor(wait: Promise<void>): void {
    if (this.#taking++ === 0) this.#link.pause();
    this.#taken = wait
      .catch((error: unknown) => this.#stop(error))
      .then(() => {
        if (--this.#taking === 0) this.#link.resume();
      });
  }

  /** Rows already on their way are dropped until the server has noticed. */
  #stop(error: unknown): void {
    if (this.#takeError !== null) return;
    this.#takeError = { error };
    this.#cancel().catch((cause: unknown) => this.#link.fail(cause));
  }
}
