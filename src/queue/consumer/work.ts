import type { Clock, Log } from '../../service/index.ts';
import type { Session } from '../../session/index.ts';
import type { Batch } from './batch-feed.ts';
import type { ConsumerDefinition } from './definition.ts';
import type { HandlerClient } from './handler-client.ts';
import type { ReadPayload } from './payload.ts';
import type { Placement } from './placement/placement.ts';
import type { RateLimit } from './rate-limit.ts';
import type { Verdicts } from './verdicts.ts';

/** What it takes to handle batches, from one connecting to the next. */
export interface Work {
  readonly definition: ConsumerDefinition;
  readonly placement: Placement;
  /** Finds and reads batches, and holds the consumer's lock. */
  readonly control: Session;
  /** The client that handlers get; another one once a handler did not let go of it. */
  handlers: HandlerClient;
  readonly hasDeadLetters: boolean;
  readonly readPayload: ReadPayload;
  readonly rateLimit: RateLimit | null;
  /** No session is ours for longer than a transaction: the lock is taken for each batch. */
  readonly isPolling: boolean;
  /** Nothing new is begun. */
  readonly stopping: AbortSignal;
  /** What runs is given back. */
  readonly givingUp: AbortSignal;
  readonly log: Log;
  readonly clock: Clock;
}

/** What handlers' work begins with; null when their transaction is open already. */
export function beginSql({ handlers, placement }: Work): string | null {
  return handlers.isInTransaction ? null : placement.beginSql;
}

/** One try of a batch. */
export interface BatchTry {
  readonly work: Work;
  readonly batch: Batch;
  readonly verdicts: Verdicts;
  readonly attempt: number;
  /** Pieces of the batch that the handler threw about: first event and length. */
  readonly refusedPieces: Set<string>;
}

/** What became of the events of a batch. */
export interface BatchResult {
  readonly events: number;
  readonly retried: number;
  readonly dead: number;
}
