import type { Socket } from 'node:net';
import { addAbortListener } from 'node:events';

/** What ends an attempt to connect early: its time is up, or the caller's signal. */
export class Deadline {
  readonly #abort = new AbortController();
  readonly #timer: NodeJS.Timeout | null;
  readonly #listener: Disposable | null;

  /**
   * @param timeoutMs 0: never
   * @param makeError what is thrown when the time is up
   */
  constructor(timeoutMs: number, makeError: () => Error, signal: AbortSignal | undefined) {
    const abort = this.#abort;
    this.#timer = timeoutMs > 0 ? setTimeout(() => abort.abort(makeError()), timeoutMs) : null;
    this.#listener =
      signal === undefined ? null : addAbortListener(signal, () => abort.abort(signal.reason));
  }

  get signal(): AbortSignal {
    return this.#abort.signal;
  }

  /** Destroys the socket when the time is up. Undone by disposing the result. */
  guard(socket: Socket): Disposable {
    return this.onAbort((reason) => {
      socket.destroy(reason instanceof Error ? reason : undefined);
    });
  }

  /** Calls `stop` with the reason when the time is up, at once when it is. Undone by disposing the result. */
  onAbort(stop: (reason: unknown) => void): Disposable {
    return addAbortListener(this.signal, () => stop(this.signal.reason));
  }

  /** A promise of something that cannot be stopped itself, such as a name lookup. */
  async race<T>(promise: Promise<T>): Promise<T> {
    const { promise: late, reject } = Promise.withResolvers<never>();
    using _ = this.onAbort(reject);
    promise.catch(() => undefined); // may fail after nobody waits for it any more
    return await Promise.race([promise, late]);
  }

  [Symbol.dispose](): void {
    if (this.#timer !== null) clearTimeout(this.#timer);
    this.#listener?.[Symbol.dispose]();
  }
}
