import type { Session } from '../../../session/index.ts';
import type { Batch } from '../batch-feed.ts';
import type { HandlerClient } from '../handler-client.ts';
import type { SetAside } from '../verdicts.ts';

/** What the place of a consumer's effects knows of a batch: to be handled, handled, or another one is due. */
export type BatchState = 'new' | 'done' | 'moved';

/** Judges those events of a batch again of which `find` says that they were set aside. */
export type FindSetAside = (
  find: (eventIds: readonly bigint[]) => Promise<readonly bigint[]>,
) => Promise<readonly SetAside[]>;

/**
 * Where the effects of a consumer's handlers are committed, together with the record that the batch is handled. One
 * process at a time gets past `complete` with a batch, whatever became of the others' locks.
 */
export interface Placement {
  /** Begins a handlers' transaction. */
  readonly beginSql: string;
  /** Makes the client that handlers get. */
  openClient(): HandlerClient;
  /** Registers the consumer where it is to begin, unless it is registered. */
  register(control: Session, queue: string, handlers: HandlerClient): Promise<void>;
  look(batch: Batch, control: Session, handlers: HandlerClient): Promise<BatchState>;
  /**
   * Commits what handlers did in `handlers`' transaction, if they began one, with the record of the batch.
   *
   * @returns what was set aside: all that was to be, but for events that turned out to be done
   */
  complete(
    batch: Batch,
    setAside: readonly SetAside[],
    control: Session,
    handlers: HandlerClient,
  ): Promise<readonly SetAside[]>;
  /** Of a batch that is `done`: tells the queue, with what was set aside then. */
  tellDone(
    batch: Batch,
    control: Session,
    handlers: HandlerClient,
    judge: FindSetAside,
  ): Promise<void>;
}
