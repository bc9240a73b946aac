import type { Tx } from '../../../ledger/index.ts';
import type { Session } from '../../../session/index.ts';
import { loadSql } from '../../sql.ts';
import type { Batch } from '../batch-feed.ts';
import { batchTaken } from '../finish-batch.ts';
import { isTrue, textOrNull } from '../rows.ts';
import { SluiceError } from '../../../errors/index.ts';
import type { BatchState } from './placement.ts';
import type { TargetRecord } from './target.ts';

const registerConsumer = loadSql('register-consumer');
const lastBatchDone = loadSql('last-batch-done');
const markBatchDone = loadSql('mark-batch-done');

/** The target remembers the number of the last batch (`pgq_ext.set_batch_done`). */
export class RemoteRecord implements TargetRecord {
  readonly #consumer: string;
  readonly #subconsumers: ReadonlyMap<string, string>;

  /** @param subconsumers  the lanes' names in `pgq_ext`, by queue; '' is the consumer itself */
  constructor(consumer: string, subconsumers: ReadonlyMap<string, string>) {
    this.#consumer = consumer;
    this.#subconsumers = subconsumers;
  }

  async register(control: Session, queue: string): Promise<void> {
    await control.query(registerConsumer, [queue, this.#consumer]);
  }

  async look(batch: Batch, _control: Session, target: Tx): Promise<BatchState> {
    const last = await this.#lastDone(batch, target);
    if (last === null || last < batch.id) return 'new';
    if (last === batch.id) return 'done';
    // Numbers of batches ascend: the queue's database has lost some, and gives them out again.
    throw new SluiceError('QUEUE_POSITION_LOST', {
      consumer: this.#consumer,
      queue: batch.queue,
      source: `batch ${batch.id}`,
      target: `batch ${last}`,
    });
  }

  async write(batch: Batch, target: Tx): Promise<void> {
    const last = await this.#lastDone(batch, target);
    if (last !== null && last >= batch.id) throw batchTaken(batch, this.#consumer);
    const values = [...this.#names(batch.queue), String(batch.id)];
    const { rows } = await target.query(markBatchDone, values);
    if (!isTrue(rows[0], 'is_new')) throw batchTaken(batch, this.#consumer);
  }

  async #lastDone(batch: Batch, target: Tx): Promise<bigint | null> {
    const { rows } = await target.query(lastBatchDone, this.#names(batch.queue));
    const id = textOrNull(rows[0], 'id');
    return id === null ? null : BigInt(id);
  }

  #names(queue: string): string[] {
    return [this.#consumer, this.#subconsumers.get(queue) ?? ''];
  }
}
