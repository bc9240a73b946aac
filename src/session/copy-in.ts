import { ServerError, SluiceError } from '../errors/index.ts';
import {
  BackendTag,
  decodeCommandComplete,
  decodeErrorFields,
  describeTag,
  MessageWriter,
  type OnFrame,
} from '../wire/index.ts';
import { FrameBoundary } from './frame-boundary.ts';
import type { Link } from './link.ts';

/** Begins `COPY ... FROM STDIN`. @throws ServerError  the server refuses it */
export async function beginCopyIn(link: Link, sql: string): Promise<CopyIn> {
  const copy = new CopyIn(link);
  await copy.begin(sql);
  return copy;
}

/** A COPY IN under way; it ends with `end` or `fail`, and nothing else can be asked before. */
export class CopyIn {
  readonly #link: Link;
  readonly #boundary = new FrameBoundary();
  readonly #accepted = Promise.withResolvers<void>();
  /** When the server is ready again, or the connection has ended. Never rejects. */
  #finished: Promise<void> = Promise.resolve();
  #rowCount: number | null = null;
  /** The server's answer, or the connection's end. */
  #error: Error | null = null;
  #isOver = false;

  constructor(link: Link) {
    this.#link = link;
  }

  async begin(sql: string): Promise<void> {
    const query = new MessageWriter().query(sql).take();
    this.#finished = this.#link.submit([query], 1, this.#onFrame).then(
      () => this.#settle(new SluiceError('SESSION_COPY_EXPECTED', { direction: 'FROM STDIN' })),
      (error: unknown) => this.#settle(error),
    );
    await this.#accepted.promise;
  }

  /**
   * Sends CopyData messages, framed already; a run may end anywhere inside one and go on in the next.
   *
   * @param onWritten called when the system has taken the run: its memory is not needed any more
   * @returns undefined, or a promise to wait for before the next run. Rejects with the server's
   *   error once that is known
   */
  write(run: Buffer, onWritten?: () => void): Promise<void> | undefined {
    if (this.#error !== null) return Promise.reject(this.#error);
    this.#boundary.pass(run);
    return this.#link.write(run, onWritten) ? undefined : this.#drained();
  }

  /** Everything was sent. @throws ServerError  the server does not take it */
  async end(): Promise<{ rowCount: number | null }> {
    this.#checkNotOver();
    if (this.#error === null && !this.#boundary.isBetweenFrames) this.#abandon();
    if (this.#error === null) this.#link.write(new MessageWriter().copyDone().take());
    await this.#finished;
    if (this.#error !== null) throw this.#error;
    return { rowCount: this.#rowCount };
  }

  /**
   * Takes everything back: the server's statement fails. Resolves when the session can be used again, or
   * is over: it is when the data stopped in the middle of a message.
   */
  async fail(reason: string): Promise<void> {
    this.#checkNotOver();
    if (this.#error === null && !this.#boundary.isBetweenFrames) this.#abandon();
    if (this.#error === null) {
      this.#link.write(new MessageWriter().copyFail(reason.replaceAll('\0', '')).take());
    }
    await this.#finished;
  }

  /** Nothing but the rest of the message could follow; only the connection's end stops the server. */
  #abandon(): void {
    this.#link.fail(new SluiceError('SESSION_COPY_CUT', { place: this.#link.place }));
  }

  #checkNotOver(): void {
    if (this.#isOver) throw new SluiceError('SESSION_COPY_OVER', { place: this.#link.place });
    this.#isOver = true;
  }

  readonly #onFrame: OnFrame = (tag, bytes, start, end) => {
    switch (tag) {
      case BackendTag.copyInResponse:
        this.#accepted.resolve();
        return;
      case BackendTag.commandComplete:
        this.#rowCount = decodeCommandComplete(bytes, start, end).rowCount;
        return;
      case BackendTag.errorResponse:
        this.#receiveError(new ServerError(decodeErrorFields(bytes, start, end), this.#link.place));
        return;
      case BackendTag.readyForQuery:
        return;
      case BackendTag.copyOutResponse:
      case BackendTag.copyBothResponse:
        throw this.#unexpected(tag);
      default:
      // Rows of another statement: the end of the submission says what is wrong.
    }
  };

  #receiveError(error: Error): void {
    this.#error ??= error;
  }

  /** Ready again: a COPY that was never accepted tells why. */
  #settle(error: unknown): void {
    const reason = error instanceof Error ? error : new Error(String(error));
    if (!(reason instanceof SluiceError && reason.code === 'SESSION_COPY_EXPECTED')) {
      this.#receiveError(reason);
    }
    this.#accepted.reject(this.#error ?? reason);
  }

  /** The server goes on reading after an error, so that this ends in any case. */
  async #drained(): Promise<void> {
    await this.#link.drained();
    if (this.#error !== null) throw this.#error;
  }

  #unexpected(tag: number): SluiceError {
    return new SluiceError('SESSION_UNEXPECTED', {
      place: this.#link.place,
      tag: describeTag(tag),
    });
  }
}
