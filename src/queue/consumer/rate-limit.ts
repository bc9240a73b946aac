import type { Clock } from '../../service/index.ts';

/** Lets so many events through in a time: at most one allowance at once, then evenly. */
export class RateLimit {
  readonly #events: number;
  readonly #perMs: number;
  readonly #clock: Clock;
  #allowance: number;
  #countedMs: number;

  constructor(limit: { readonly events: number; readonly perMs: number }, clock: Clock) {
    this.#events = limit.events;
    this.#perMs = limit.perMs;
    this.#clock = clock;
    this.#allowance = limit.events;
    this.#countedMs = clock.monotonicMs();
  }

  /** How many of `wanted` may go at once; waits until it is at least one. */
  async take(wanted: number, signal: AbortSignal): Promise<number> {
    this.#count();
    if (this.#allowance < 1) {
      const missing = 1 - this.#allowance;
      await this.#clock.sleep(Math.ceil((missing * this.#perMs) / this.#events), signal);
      this.#count();
    }
    const taken = Math.max(1, Math.min(wanted, Math.floor(this.#allowance)));
    this.#allowance -= taken;
    return taken;
  }

  /** Takes one, unless the signal aborts first. */
  async takeUnless(signal: AbortSignal): Promise<void> {
    try {
      await this.take(1, signal);
    } catch (error) {
      if (!signal.aborted) throw error;
    }
  }

  #count(): void {
    const nowMs = this.#clock.monotonicMs();
    const earned = ((nowMs - this.#countedMs) / this.#perMs) * this.#events;
    this.#allowance = Math.min(this.#allowance + earned, this.#events);
    this.#countedMs = nowMs;
  }
}
