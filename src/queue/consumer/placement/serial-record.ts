import { SluiceError } from '../../../errors/index.ts';
import type { Tx } from '../../../ledger/index.ts';
import { sqlstateOf } from '../../../service/index.ts';
import type { Session } from '../../../session/index.ts';
import { loadSql } from '../../sql.ts';
import type { Batch } from '../batch-feed.ts';
import { batchTaken } from '../finish-batch.ts';
import { textOrNull } from '../rows.ts';
import type { BatchState } from './placement.ts';
import type { TargetRecord } from './target.ts';

/** What pgq says when the tick is no more. */
const raisedBySchema = 'P0001';

const registerConsumer = loadSql('register-consumer');
const consumerPosition = loadSql('consumer-position');
const rewindConsumer = loadSql('rewind-consumer');
const getLastTick = loadSql('get-last-tick');
const setLastTick = loadSql('set-last-tick');

/** The target remembers the tick it has come to (`pgq_ext.set_last_tick`); the queue's position follows it. */
export class SerialRecord implements TargetRecord {
  readonly #consumer: string;
  readonly #subconsumers: ReadonlyMap<string, string>;

  /** @param subconsumers  the lanes' names in `pgq_ext`, by queue; '' is the consumer itself */
  constructor(consumer: string, subconsumers: ReadonlyMap<string, string>) {
    this.#consumer = consumer;
    this.#subconsumers = subconsumers;
  }

  /** A target that has a position gets what comes after it, whether or not the queue knows the consumer. */
  async register(control: Session, queue: string, target: Tx): Promise<void> {
    const tick = await this.#lastTick(queue, target);
    const { rows } = await control.query(consumerPosition, [queue, this.#consumer]);
    if (rows.length > 0) return;
    if (tick === null) await control.query(registerConsumer, [queue, this.#consumer]);
    else await this.#rewind(queue, tick, 'not registered', control);
  }

  async look(batch: Batch, control: Session, target: Tx): Promise<BatchState> {
    const tick = await this.#lastTick(batch.queue, target);
    if (tick === null || tick === batch.previousTickId) return 'new';
    if (tick === batch.tickId) return 'done';
    const source = `tick ${batch.previousTickId}..${batch.tickId}`;
    // Behind: the target is an older one, and gets everything since. Ahead: the queue is, and its numbers lie.
    if (tick > batch.previousTickId) throw this.#lost(batch.queue, source, tick);
    await this.#rewind(batch.queue, tick, source, control);
    return 'moved';
  }

  async write(batch: Batch, target: Tx): Promise<void> {
    const tick = await this.#lastTick(batch.queue, target);
    if (tick !== null && tick !== batch.previousTickId) throw batchTaken(batch, this.#consumer);
    await target.query(setLastTick, [...this.#names(batch.queue), String(batch.tickId)]);
  }

  async #lastTick(queue: string, target: Tx): Promise<bigint | null> {
    const { rows } = await target.query(getLastTick, this.#names(queue));
    const tick = textOrNull(rows[0], 'tick_id');
    return tick === null ? null : BigInt(tick);
  }

  async #rewind(queue: string, tick: bigint, source: string, control: Session): Promise<void> {
    try {
      await control.query(rewindConsumer, [queue, this.#consumer, String(tick)]);
    } catch (error) {
      if (sqlstateOf(error) !== raisedBySchema) throw error;
      throw this.#lost(queue, source, tick, error);
    }
  }

  #lost(queue: string, source: string, tick: bigint, cause?: unknown): SluiceError {
    const details = { consumer: this.#consumer, queue, source, target: `tick ${tick}` };
    return new SluiceError('QUEUE_POSITION_LOST', details, { cause });
  }

  #names(queue: string): string[] {
    return [this.#consumer, this.#subconsumers.get(queue) ?? ''];
  }
}
