import { decisionOf } from './decision.ts';
import { asError, systemClock, type Clock } from './clock.ts';

/** How long to wait between attempts: `firstMs`, then `factor` times longer each time, up to `longestMs`. */
export interface BackoffPolicy {
  readonly firstMs: number;
  readonly longestMs: number;
  readonly factor: number;
  /** The share of each wait that is random, 0..1, so that many who failed together do not return together. */
  readonly jitter: number;
}

/** 100 ms is below what a person notices, 10 s is as long as a restarted server should wait for us. */
export const defaultBackoff: BackoffPolicy = {
  firstMs: 100,
  longestMs: 10_000,
  factor: 2,
  jitter: 0.5,
};

export class Backoff {
  readonly #policy: BackoffPolicy;
  readonly #random: () => number;
  #attempt = 0;

  constructor(policy: BackoffPolicy = defaultBackoff, random: () => number = Math.random) {
    this.#policy = policy;
    this.#random = random;
  }

  /** Attempts that failed since the last reset. */
  get attempt(): number {
    return this.#attempt;
  }

  /** Counts a failure and says how long to wait before the next attempt. */
  nextDelayMs(): number {
    const { firstMs, longestMs, factor, jitter } = this.#policy;
    const fullMs = Math.min(firstMs * factor ** this.#attempt, longestMs);
    this.#attempt += 1;
    return fullMs * (1 - jitter * this.#random());
  }

  /** Call when the work went on: the next failure waits briefly again. */
  reset(): void {
    this.#attempt = 0;
  }
}

export interface RetryOptions {
  readonly signal?: AbortSignal;
  readonly backoff?: BackoffPolicy;
  /** Attempts altogether, the first included; without it, until the signal aborts. */
  readonly maxAttempts?: number;
  /** Also run after an error that asks for another connection; then `run` must open its own. Default true. */
  readonly acrossReconnects?: boolean;
  readonly clock?: Clock;
  readonly random?: () => number;
  /** Told before each wait: log it here. */
  readonly onRetry?: (retry: { error: unknown; attempt: number; delayMs: number }) => void;
}

/**
 * Runs `run` until it succeeds, its error asks for something else than another try (`decisionOf`), the attempts
 * are used up, or the signal aborts; then throws the last error, or the signal's reason when nothing failed.
 */
export async function retry<T>(
  run: (attempt: number) => Promise<T>,
  options: RetryOptions = {},
): Promise<T> {
  const { signal, clock = systemClock, maxAttempts = Infinity, onRetry } = options;
  const backoff = new Backoff(options.backoff, options.random);
  for (;;) {
    if (signal?.aborted) throw asError(signal.reason);
    try {
      return await run(backoff.attempt + 1);
    } catch (error) {
      const mayRetry = isRetryable(error, options.acrossReconnects ?? true);
      if (!mayRetry || backoff.attempt + 1 >= maxAttempts || signal?.aborted) throw error;
      const delayMs = backoff.nextDelayMs();
      onRetry?.({ error, attempt: backoff.attempt, delayMs });
      await clock.sleep(delayMs, signal);
    }
  }
}

function isRetryable(error: unknown, acrossReconnects: boolean): boolean {
  const decision = decisionOf(error);
  return decision === 'retry' || (decision === 'reconnect' && acrossReconnects);
}
