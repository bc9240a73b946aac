/** Something a worker does; it may push more before it is done. */
export interface Task<L> {
  readonly what: string;
  /** @param attempt from 1; after a failure that may pass, the same task runs again */
  run(lane: L, attempt: number): Promise<void>;
}

/**
 * In the order of taking. Restoring comes first, since an index of a big table is the longest single piece
 * of work there is; then the tables that are begun, so that their indexes can be built beside the next.
 */
export const priorities = ['restore', 'range', 'prepare'] as const;
export type Priority = (typeof priorities)[number];

/**
 * Tasks that all workers share: whoever is free takes the next. It ends when nothing waits and nobody is at
 * work, since only tasks make tasks.
 */
export class WorkQueue<L> {
  readonly #waiting: Record<Priority, Fifo<Task<L>>> = {
    restore: new Fifo(),
    range: new Fifo(),
    prepare: new Fifo(),
  };
  readonly #takers: ((task: Task<L> | null) => void)[] = [];
  #unfinished = 0;
  #isEnded = false;

  push(priority: Priority, task: Task<L>): void {
    if (this.#isEnded) return;
    this.#unfinished += 1;
    const taker = this.#takers.shift();
    if (taker === undefined) this.#waiting[priority].push(task);
    else taker(task);
  }

  /** Waits for a task; null when there will be none. Call `finished` after each. */
  take(): Promise<Task<L> | null> {
    for (const priority of priorities) {
      const task = this.#waiting[priority].shift();
      if (task !== undefined) return Promise.resolve(task);
    }
    if (this.#unfinished === 0 || this.#isEnded) return Promise.resolve(null);
    return new Promise((resolve) => this.#takers.push(resolve));
  }

  finished(): void {
    this.#unfinished -= 1;
    if (this.#unfinished === 0) this.end();
  }

  /** There will be no more tasks; what is being done is done. */
  end(): void {
    this.#isEnded = true;
    for (const priority of priorities) this.#waiting[priority].clear();
    for (const taker of this.#takers.splice(0)) taker(null);
  }
}

/** First in, first out, in constant time also for the ranges of a very big table. */
class Fifo<T> {
  #items: T[] = [];
  #first = 0;

  push(item: T): void {
    this.#items.push(item);
  }

  shift(): T | undefined {
    const item = this.#items[this.#first];
    if (item === undefined) return undefined;
    this.#first += 1;
    if (this.#first === this.#items.length) this.clear();
    return item;
  }

  clear(): void {
    this.#items = [];
    this.#first = 0;
  }
}
