import type { ConnectionTarget } from '../../session/index.ts';

/** A queue of another database that takes messages as events. */
export interface QueueSinkOptions {
  /** As messages call the sink. */
  readonly name: string;
  /** The database that has the queue. */
  readonly db: ConnectionTarget | string;
  readonly queue: string;
  /** How long a message is known by its id. Default 1 h. */
  readonly dedupWindowMs?: number | undefined;
}
