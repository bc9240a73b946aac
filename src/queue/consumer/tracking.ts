import type { Tx } from '../../ledger/index.ts';
import { loadSql } from '../sql.ts';
import { arrayLiteral } from '../array-literal.ts';
import type { Batch } from './batch-feed.ts';
import type { HandlerClient } from './handler-client.ts';
import { isTrue, textOf } from './rows.ts';

const whichEventsDone = loadSql('which-events-done');
const recordEventDone = loadSql('record-event-done');
const recordEventsDone = loadSql('record-events-done');
const recordTargetEventDone = loadSql('record-target-event-done');
const recordTargetEventsDone = loadSql('record-target-events-done');
const lockBatchShared = loadSql('lock-batch-shared');

/** No event has this number: done, it says that others of the batch may be. */
const marker = -1n;

type TrackingClient = Pick<HandlerClient, 'connect' | 'own'>;

export interface TrackingOptions {
  readonly consumer: string;
  /** The lanes' names in `pgq_ext`, as far as batches go. */
  readonly subconsumers: ReadonlyMap<string, string>;
  readonly isElsewhere: boolean;
}

/**
 * Remembers which events of an open batch are done (`pgq_ext.set_event_done`), each in the transaction of its handler:
 * when the batch is repeated, they are left out.
 */
export class EventTracking {
  readonly #client: TrackingClient;
  readonly #options: TrackingOptions;
  #marked: Promise<void> | null = null;
  #markedBatch = 0n;
  #mayHaveDone = false;

  /** @param client  where the handlers write; for what is recorded outside of their transactions */
  constructor(client: TrackingClient, options: TrackingOptions) {
    this.#client = client;
    this.#options = options;
  }

  /** To be called before anything else of a batch. */
  async begin(batch: Batch): Promise<void> {
    this.#marked = null;
    await this.#client.connect();
    this.#mayHaveDone = (await this.#which(batch, [marker])).length > 0;
  }

  /** Those that an earlier try of the batch has handled. */
  async doneOf(batch: Batch, eventIds: readonly bigint[]): Promise<ReadonlySet<bigint>> {
    return new Set(this.#mayHaveDone ? await this.#which(batch, eventIds) : []);
  }

  /** Records an event in its handler's transaction. False: it was handled already, or the batch is not open. */
  async record(batch: Batch, eventId: bigint, transaction: Tx): Promise<boolean> {
    await this.#mark(batch);
    await transaction.query(lockBatchShared, [String(batch.id)]);
    const values = [...this.#names(batch), String(batch.id), String(eventId)];
    const { isElsewhere, subconsumers } = this.#options;
    const { rows } = isElsewhere
      ? await transaction.query(recordTargetEventDone, [
          ...values,
          subconsumers.get(batch.queue) ?? '',
        ])
      : await transaction.query(recordEventDone, values);
    return isTrue(rows[0], 'is_new');
  }

  /** Records events whose handlers have written nothing here. */
  async recordAll(batch: Batch, eventIds: readonly bigint[]): Promise<void> {
    if (eventIds.length === 0) return;
    await this.#mark(batch);
    await this.#recordOfOpen(batch, eventIds);
  }

  /** The first record of a batch forgets the batch before, and holds up all others until it is committed. */
  #mark(batch: Batch): Promise<void> {
    if (this.#marked === null || this.#markedBatch !== batch.id) {
      this.#markedBatch = batch.id;
      this.#marked = this.#recordOfOpen(batch, [marker]);
    }
    return this.#marked;
  }

  /** Nothing of a batch that another process has finished: it would forget what that one has done since. */
  async #recordOfOpen(batch: Batch, eventIds: readonly bigint[]): Promise<void> {
    const { isElsewhere, subconsumers } = this.#options;
    const ids = arrayLiteral(eventIds.map(String));
    const values = [...this.#names(batch), String(batch.id), ids];
    await (isElsewhere
      ? this.#client.own.query(recordTargetEventsDone, [
          ...values,
          subconsumers.get(batch.queue) ?? '',
        ])
      : this.#client.own.query(recordEventsDone, values));
  }

  #which(batch: Batch, eventIds: readonly bigint[]): Promise<bigint[]> {
    return findEventsDone(this.#client.own, this.#options.consumer, batch, eventIds);
  }

  #names(batch: Batch): string[] {
    return trackedNames(this.#options.consumer, batch);
  }
}

/** Those of an open batch that are recorded as done. */
export async function findEventsDone(
  tx: Tx,
  consumer: string,
  batch: Batch,
  eventIds: readonly bigint[],
): Promise<bigint[]> {
  const ids = arrayLiteral(eventIds.map(String));
  const values = [...trackedNames(consumer, batch), String(batch.id), ids];
  const { rows } = await tx.query(whichEventsDone, values);
  return rows.map((row) => BigInt(textOf(row, 'id')));
}

function trackedNames(consumer: string, { queue }: Batch): string[] {
  return [consumer, `${queue}: done`];
}
