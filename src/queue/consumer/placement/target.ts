import { inTransaction, type Tx } from '../../../ledger/index.ts';
import { failpoint } from '../../../service/index.ts';
import { quoteLiteral, type Session } from '../../../session/index.ts';
import { loadSql } from '../../sql.ts';
import { arrayLiteral } from '../../array-literal.ts';
import type { Batch } from '../batch-feed.ts';
import { finishBatch, type FinishOptions } from '../finish-batch.ts';
import type { HandlerClient } from '../handler-client.ts';
import { textOf } from '../rows.ts';
import type { SetAside } from '../verdicts.ts';
import type { BatchState, FindSetAside, Placement } from './placement.ts';
import { withoutDone } from './without-done.ts';

const markEventsDone = loadSql('mark-events-done');
const whichEventsDone = loadSql('which-events-done');

/** How a target knows how far its consumer is. */
export interface TargetRecord {
  register(control: Session, queue: string, target: Tx): Promise<void>;
  look(batch: Batch, control: Session, target: Tx): Promise<BatchState>;
  /**
   * In the handlers' transaction, alone with the record (`beginSql` has locked it).
   *
   * @throws QUEUE_BATCH_TAKEN  somebody else was here in between
   */
  write(batch: Batch, target: Tx): Promise<void>;
}

/**
 * Handlers write in another database: its transaction records the batch, then the queue is told. Between the two
 * commits the target knows more; whoever comes next asks it first.
 */
export class TargetPlacement implements Placement {
  readonly beginSql: string;
  readonly openClient: () => HandlerClient;
  readonly #record: TargetRecord;
  readonly #finish: FinishOptions;

  constructor(openClient: () => HandlerClient, record: TargetRecord, finish: FinishOptions) {
    this.openClient = openClient;
    this.#record = record;
    this.#finish = finish;
    const lock = quoteLiteral(`pgq consumer ${finish.consumer}`);
    this.beginSql = `BEGIN; SELECT pg_catalog.pg_advisory_xact_lock(pg_catalog.hashtextextended(${lock}, 0))`;
  }

  async register(control: Session, queue: string, handlers: HandlerClient): Promise<void> {
    await this.#record.register(control, queue, handlers.own);
  }

  look(batch: Batch, control: Session, handlers: HandlerClient): Promise<BatchState> {
    return this.#record.look(batch, control, handlers.own);
  }

  async complete(
    batch: Batch,
    setAside: readonly SetAside[],
    control: Session,
    handlers: HandlerClient,
  ): Promise<readonly SetAside[]> {
    const { own } = handlers;
    if (!handlers.isInTransaction) await own.query(this.beginSql);
    await failpoint('consumer.before-record');
    const left = this.#finish.tracksEvents
      ? await withoutDone(own, batch, setAside, this.#finish)
      : setAside;
    await this.#record.write(batch, own);
    if (left.length > 0) await this.#markSetAside(batch, left, own);
    await failpoint('consumer.before-commit');
    await own.query('COMMIT');
    await failpoint('consumer.before-finish');
    await this.#tellQueue(batch, left, control);
    await failpoint('consumer.after-commit');
    return left;
  }

  async tellDone(
    batch: Batch,
    control: Session,
    handlers: HandlerClient,
    judge: FindSetAside,
  ): Promise<void> {
    const setAside = await judge((eventIds) => this.#findSetAside(batch, eventIds, handlers.own));
    await this.#tellQueue(batch, setAside, control);
  }

  async #tellQueue(batch: Batch, setAside: readonly SetAside[], control: Session): Promise<void> {
    const finish = () => finishBatch(control, batch, setAside, this.#finish);
    await (setAside.length === 0 ? finish() : inTransaction(control, finish));
  }

  /** The target knows them too, so that a crash before the queue does loses none of them. */
  async #markSetAside(batch: Batch, setAside: readonly SetAside[], target: Tx): Promise<void> {
    const ids = arrayLiteral(setAside.map(({ eventId }) => String(eventId)));
    await target.query(markEventsDone, [...this.#marks(batch), ids]);
  }

  async #findSetAside(batch: Batch, eventIds: readonly bigint[], target: Tx): Promise<bigint[]> {
    const ids = arrayLiteral(eventIds.map(String));
    const { rows } = await target.query(whichEventsDone, [...this.#marks(batch), ids]);
    return rows.map((row) => BigInt(textOf(row, 'id')));
  }

  #marks(batch: Batch): string[] {
    return [this.#finish.consumer, `${batch.queue}: set aside`, String(batch.id)];
  }
}
