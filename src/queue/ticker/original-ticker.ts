import type { Client } from 'pg';
import { systemClock, type Clock } from '../../service/index.ts';

interface OriginalTickerOptions {
  /** Connected, and the only ticker of the database. The ticker does not end it. */
  readonly client: Client;
  readonly periodMs: number;
  readonly clock?: Clock | undefined;
}

/** Ticks the queues of the original extension as pgqd does: by its rules, on the period. */
export class OriginalTicker {
  readonly states = {};
  readonly #options: OriginalTickerOptions;

  constructor(options: OriginalTickerOptions) {
    this.#options = options;
  }

  /** Nothing to do: the next period is near. */
  rouse(): void {}

  /** Until the signal aborts; throws what the connection breaks with. */
  async run(signal: AbortSignal): Promise<void> {
    const { client, periodMs, clock = systemClock } = this.#options;
    while (!signal.aborted) {
      await client.query('select pgq.ticker()');
      await clock.sleep(periodMs, signal).catch(() => undefined);
    }
  }
}
