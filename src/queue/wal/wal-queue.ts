import {
  Backoff,
  decisionOf,
  systemClock,
  WorkingService,
  type Clock,
  type Log,
  type Metrics,
} from '../../service/index.ts';
import { formatLsn } from '../../wire/index.ts';
import { attemptWalQueue } from './attempt.ts';
import type { WalQueueOptions } from './options.ts';

export interface WalQueueDeps {
  readonly log: Log;
  readonly metrics: Metrics;
  readonly clock?: Clock | undefined;
}

export interface WalQueueStatus {
  readonly queue: string;
  readonly state: 'connecting' | 'standing by' | 'following' | 'waiting' | 'ended';
  /** Of the source; everything before it is in the target. */
  readonly position: string | null;
  readonly events: number;
  readonly deadLetters: number;
  /** Why it waits. */
  readonly error: string | null;
}

/**
 * Takes a queue's events out of the source's WAL to a queue of the target: whole transactions in commit order,
 * each exactly once. What may pass (a lost connection, a restart) is tried again from the target's position.
 */
export class WalQueue extends WorkingService {
  readonly #options: WalQueueOptions;
  readonly #deps: WalQueueDeps;
  readonly #clock: Clock;
  readonly #moved: ReturnType<typeof declareMoved>;
  #status: WalQueueStatus;

  constructor(options: WalQueueOptions, deps: WalQueueDeps) {
    super(`queue.wal.${options.queue}`);
    const { queue } = options;
    this.#options = options;
    this.#deps = deps;
    this.#clock = deps.clock ?? systemClock;
    this.#moved = declareMoved(deps.metrics);
    const nothing = { position: null, events: 0, deadLetters: 0, error: null };
    this.#status = { queue, state: 'connecting', ...nothing };
  }

  get trouble(): string | undefined {
    return this.#status.error ?? undefined;
  }

  status(): WalQueueStatus {
    return this.#status;
  }

  protected override async work(signal: AbortSignal, becomeReady: () => void): Promise<void> {
    const backoff = new Backoff();
    try {
      for (;;) {
        const { position } = this.#status;
        try {
          await this.#attempt(signal, becomeReady);
          return;
        } catch (error) {
          if (signal.aborted || !mayPass(error)) throw error;
          if (this.#status.position !== position) backoff.reset();
          await this.#wait(error, backoff.nextDelayMs(), signal);
        }
      }
    } finally {
      this.#enter('ended');
    }
  }

  #attempt(signal: AbortSignal, becomeReady: () => void): Promise<void> {
    const { queue } = this.#options;
    return attemptWalQueue({
      options: this.#options,
      log: this.#deps.log,
      signal,
      onStandby: () => this.#enter('standing by'),
      onFollowing: (position) => {
        this.#status = { ...this.#status, position: formatLsn(position), error: null };
        this.#enter('following');
        becomeReady();
      },
      onCommitted: ({ events, dead, position }) => {
        this.#moved.add({ queue }, events);
        if (dead > 0)
          this.#deps.log.warn('messages that are no events are dead letters', { queue, dead });
        this.#status = {
          ...this.#status,
          position: formatLsn(position),
          events: this.#status.events + events,
          deadLetters: this.#status.deadLetters + dead,
        };
      },
    });
  }

  async #wait(error: unknown, delayMs: number, signal: AbortSignal): Promise<void> {
    const { queue } = this.#options;
    this.#status = {
      ...this.#status,
      error: error instanceof Error ? error.message : String(error),
    };
    this.#enter('waiting');
    this.#deps.log.warn('the queue lost its footing and starts again', { queue, error, delayMs });
    await this.#clock.sleep(delayMs, signal);
    this.#enter('connecting');
  }

  #enter(state: WalQueueStatus['state']): void {
    this.#status = { ...this.#status, state };
  }
}

function mayPass(error: unknown): boolean {
  const decision = decisionOf(error);
  return decision === 'retry' || decision === 'reconnect';
}

function declareMoved(metrics: Metrics) {
  return metrics.counter({
    room: 'queue',
    thing: 'moved',
    unit: 'events',
    help: 'Events that were taken out of the WAL to the target.',
    labels: ['queue'],
  });
}
