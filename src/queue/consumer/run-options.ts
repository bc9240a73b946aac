import type { Clock, Log } from '../../service/index.ts';
import type { ConnectionTarget } from '../../session/index.ts';

export interface RunConsumerOptions {
  /** The database that holds the queue. */
  readonly db: ConnectionTarget | string;
  /** Remote and serial: the database that handlers write in. */
  readonly target?: ConnectionTarget | string;
  /**
   * Kind local: handlers work outside of databases, by the numbers of batches and events. Then this one loses none that
   * it has handed out, even in a crash of the server.
   */
  readonly handlesElsewhere?: boolean;
  /** End when nothing is left, instead of waiting for more. */
  readonly once?: boolean;
  /** Ends the run: what was begun is finished or given back. */
  readonly signal?: AbortSignal;
  /** How long what was begun may take after the signal; then it is given back. Default 10 s. */
  readonly stopWithinMs?: number;
  /**
   * False for connections through a pooler, which belong to us for a transaction only: batches are asked for every
   * `pollMs`, and the consumer's lock is taken for each batch. Default true.
   */
  readonly listen?: boolean;
  /** How often batches are asked for when nothing announces them. Default 500. */
  readonly pollMs?: number;
  readonly log?: Log;
  readonly clock?: Clock;
}

/** What every part of a run has. */
export interface RunDeps {
  /** Nothing new is begun. */
  readonly stopping: AbortSignal;
  readonly log: Log;
  readonly clock: Clock;
}
