import type { Lsn } from '../wire/index.ts';
import type { OpenQueue } from './pipeline-spill.ts';

/** Lets a queue forget what is flushed, beside the work; a failure of it is told at once. */
export class FlushedPositions {
  readonly #queue: Pick<OpenQueue, 'forget'>;
  readonly #failure = new AbortController();
  #last: Promise<void> = Promise.resolve();

  constructor(queue: Pick<OpenQueue, 'forget'>) {
    this.#queue = queue;
  }

  /** Aborts with what went wrong. */
  get failed(): AbortSignal {
    return this.#failure.signal;
  }

  /** One after the other; none after one that failed. */
  forget(flushed: Lsn): void {
    this.#last = this.#last.then(async () => {
      if (this.failed.aborted) return;
      try {
        await this.#queue.forget(flushed);
      } catch (error) {
        this.#failure.abort(error);
      }
    });
  }

  /** Resolves when all is forgotten that was to be; rejects with the first failure. */
  async settled(): Promise<void> {
    await this.#last;
    this.failed.throwIfAborted();
  }
}
