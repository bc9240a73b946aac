import type { BackoffPolicy } from '../../service/index.ts';

/**
 * What becomes of an event that was not handled: it comes again later; goes to the dead letters; waits for another of
 * its key, which is no try; or is still being handled, by whom `reason` names, and comes again if that one dies.
 */
export interface SetAside {
  readonly eventId: bigint;
  readonly as: 'retry' | 'dead' | 'wait' | 'lease';
  /** When it comes again, counted from the moment the batch is finished. */
  readonly afterMs: number;
  readonly reason: string;
}

export interface RetryPolicy {
  /** Tries altogether, the first included; then the event is dead. */
  readonly attempts: number;
  readonly backoff: BackoffPolicy;
}

/** 25 tries, from a second to an hour apart: what is repaired within 14 hours loses nothing. */
export const defaultRetryPolicy: RetryPolicy = {
  attempts: 25,
  backoff: { firstMs: 1000, longestMs: 3_600_000, factor: 2, jitter: 0.2 },
};

/** A reason is for a person, and lies in a table that is kept. */
const longestReason = 2000;

/**
 * The events of one batch that are set aside. They outlive a repetition of the batch, which then leaves them out:
 * an event that was found to be poison is not tried again before its time.
 */
export class Verdicts {
  readonly #policy: RetryPolicy;
  readonly #hasDeadLetters: boolean;
  readonly #random: () => number;
  readonly #byEvent = new Map<bigint, SetAside>();

  /** @param hasDeadLetters  without them what should be dead comes again, ever more rarely */
  constructor(policy: RetryPolicy, hasDeadLetters: boolean, random: () => number = Math.random) {
    this.#policy = policy;
    this.#hasDeadLetters = hasDeadLetters;
    this.#random = random;
  }

  get list(): readonly SetAside[] {
    return [...this.#byEvent.values()];
  }

  get count(): number {
    return this.#byEvent.size;
  }

  get(eventId: bigint): SetAside | undefined {
    return this.#byEvent.get(eventId);
  }

  has(eventId: bigint): boolean {
    return this.#byEvent.size > 0 && this.#byEvent.has(eventId);
  }

  /** A try failed: the event comes again after its delay, or is dead after its last. */
  failed(event: Tried, error: unknown, afterMs = this.#delayMs(event)): SetAside {
    const reason = reasonOf(error);
    if (event.retry + 1 >= this.#policy.attempts) return this.bury(event, reason);
    return this.retry(event, afterMs, reason);
  }

  retry(event: Tried, afterMs: number, reason: string): SetAside {
    return this.#add({ eventId: event.id, as: 'retry', afterMs, reason });
  }

  bury(event: Tried, reason: string): SetAside {
    if (!this.#hasDeadLetters) return this.retry(event, this.#delayMs(event), reason);
    return this.#add({ eventId: event.id, as: 'dead', afterMs: 0, reason });
  }

  wait(event: Tried, afterMs: number, reason: string): SetAside {
    return this.#add({ eventId: event.id, as: 'wait', afterMs, reason });
  }

  lease(event: Tried, leaseMs: number, worker: string): SetAside {
    return this.#add({ eventId: event.id, as: 'lease', afterMs: leaseMs, reason: worker });
  }

  #add(verdict: SetAside): SetAside {
    const reason = verdict.reason.replaceAll('\0', '').slice(0, longestReason);
    const clean = { ...verdict, reason };
    this.#byEvent.set(verdict.eventId, clean);
    return clean;
  }

  #delayMs({ retry }: Tried): number {
    const { firstMs, longestMs, factor, jitter } = this.#policy.backoff;
    const fullMs = Math.min(firstMs * factor ** retry, longestMs);
    return Math.round(fullMs * (1 - jitter * this.#random()));
  }
}

/** `retry`: how often the event came back already. */
export interface Tried {
  readonly id: bigint;
  readonly retry: number;
}

function reasonOf(error: unknown): string {
  if (!(error instanceof Error)) return String(error);
  const code = 'code' in error && typeof error.code === 'string' ? `${error.code} ` : '';
  return error.message.startsWith(code.trim()) ? error.message : `${code}${error.message}`;
}
