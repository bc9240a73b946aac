import type { Clock, Log } from '../../service/index.ts';
import type { Session } from '../../session/index.ts';
import type { Batch, BatchFeed } from './batch-feed.ts';
import type { ConsumerDefinition, OnEvent } from './definition.ts';
import type { AnyEvent } from './event.ts';
import type { HandlerClient } from './handler-client.ts';
import type { KeyGate } from './key-gate.ts';
import type { Leases } from './leases.ts';
import type { ReadPayload } from './payload.ts';
import type { Placement } from './placement/placement.ts';
import type { ProgressReports } from './progress-reports.ts';
import type { RateLimit } from './rate-limit.ts';
import type { TargetUpkeep } from './target-upkeep.ts';
import type { Verdicts } from './verdicts.ts';

/** What it takes to handle batches, from one connecting to the next. */
export interface Work {
  readonly definition: ConsumerDefinition;
  readonly placement: Placement;
  /** Finds and reads batches, and holds the consumer's lock. */
  readonly control: Session;
  readonly feed: BatchFeed;
  /** The client that handlers get; another one once a handler did not let go of it. */
  handlers: HandlerClient;
  readonly hasDeadLetters: boolean;
  /** Whether this role may have the ticker's part. */
  readonly mayTick: boolean;
  readonly readPayload: ReadPayload;
  readonly rateLimit: RateLimit | null;
  /** Keeps the order of events of one key; null without one. */
  readonly keys: KeyGate | null;
  /** Handles events side by side; null where they are handled one by one. */
  readonly jobs: JobRunner | null;
  /** What is handled beyond its batch; null without leases. */
  readonly leases: Leases | null;
  /** Null where nobody could see it. */
  readonly progress: ProgressReports | null;
  /** Null where the ticker does that. */
  readonly targetUpkeep: TargetUpkeep | null;
  /** Who we are among those that work for the consumer. */
  readonly worker: string;
  /** No session is ours for longer than a transaction: the lock is taken for each batch. */
  readonly isPolling: boolean;
  /** Nothing new is begun. */
  readonly stopping: AbortSignal;
  /** What runs is given back. */
  readonly givingUp: AbortSignal;
  readonly log: Log;
  readonly clock: Clock;
  /** Gives back what is held, and closes all connections. */
  end(): Promise<void>;
}

/** Handles events side by side, each in a transaction of its own. */
export interface JobRunner {
  /** To be called before anything else of a batch. */
  begin(batch: Batch): Promise<void>;
  /** Those that an earlier try of the batch has handled. */
  doneOf(batch: Batch, eventIds: readonly bigint[]): Promise<ReadonlySet<bigint>>;
  /** Resolves when the handler runs, or waits for another of its key. */
  start(run: BatchTry, onEvent: OnEvent, event: AnyEvent): Promise<void>;
  /**
   * Resolves when no event of the batch is handled any more.
   *
   * @param leaseMs  after this time the batch goes on without those that still are; undefined waits for all
   */
  settle(run: BatchTry, leaseMs: number | undefined): Promise<void>;
  /** The batch was finished: those that left it are on their own. */
  finished(queue: string): void;
  /** The batch stays open for whoever comes next: what is done of it already is recorded. */
  giveBack(): Promise<void>;
  /** Resolves when those that left their batches have come to an end. */
  idle(): Promise<void>;
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
