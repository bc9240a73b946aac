import { asError, type Clock } from '../../src/service/index.ts';

interface Timer {
  dueMs: number;
  readonly everyMs?: number;
  readonly run: () => void;
}

/** A clock that stands until the test moves it. */
export class ManualClock implements Clock {
  #nowMs: number;
  readonly #timers = new Set<Timer>();

  constructor(nowMs = 1_000_000) {
    this.#nowMs = nowMs;
  }

  nowMs(): number {
    return this.#nowMs;
  }

  monotonicMs(): number {
    return this.#nowMs;
  }

  sleep(ms: number, signal?: AbortSignal): Promise<void> {
    return new Promise((resolve, reject) => {
      if (signal?.aborted) {
        reject(asError(signal.reason));
        return;
      }
      const timer: Timer = { dueMs: this.#nowMs + ms, run: resolve };
      this.#timers.add(timer);
      signal?.addEventListener('abort', () => {
        this.#timers.delete(timer);
        reject(asError(signal.reason));
      });
    });
  }

  every(ms: number, run: () => void): () => void {
    const timer: Timer = { dueMs: this.#nowMs + ms, everyMs: ms, run };
    this.#timers.add(timer);
    return () => this.#timers.delete(timer);
  }

  /** Sleeps and intervals that have not come due. */
  get pending(): number {
    return this.#timers.size;
  }

  /** When the next timer is due, from now; undefined when there is none. */
  get nextInMs(): number | undefined {
    const next = this.#earliest();
    return next && next.dueMs - this.#nowMs;
  }

  /** Moves the time on, running what comes due in order. */
  advance(ms: number): void {
    const untilMs = this.#nowMs + ms;
    for (let timer = this.#earliest(); timer && timer.dueMs <= untilMs; timer = this.#earliest()) {
      this.#nowMs = timer.dueMs;
      if (timer.everyMs === undefined) this.#timers.delete(timer);
      else timer.dueMs += timer.everyMs;
      timer.run();
    }
    this.#nowMs = untilMs;
  }

  #earliest(): Timer | undefined {
    return [...this.#timers].toSorted((a, b) => a.dueMs - b.dueMs)[0];
  }
}
