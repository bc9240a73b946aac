import { SluiceError } from '../../errors/index.ts';
import { asError, decisionOf, type Finding } from '../../service/index.ts';
import { describeConnection, parseConnection, Session } from '../../session/index.ts';
import { sinkFinding, type Delivery, type Outlet, type SinkMessage } from '../../sink/index.ts';
import { arrayLiteral } from '../array-literal.ts';
import { isTrue, textOf } from '../consumer/rows.ts';
import { loadSql } from '../sql.ts';
import { messageEvent } from './message-event.ts';
import type { QueueSinkOptions } from './options.ts';

const insertUnknownEvents = loadSql('insert-unknown-events');
const sinkFeatures = loadSql('sink-features');
const findQueue = loadSql('find-queue');
const keepCommitsDurable = loadSql('keep-commits-durable');

/** Of one transaction: their texts are in the parameters of one statement, and in memory for as long. */
const mostMessages = 10_000;
const mostBytes = 4 * 1024 ** 2;

const defaultDedupWindowMs = 3_600_000;

/**
 * One transaction a block: its events, and the ids that they are known by. Of a block that comes again, whole or in
 * part, the queue takes what it does not have.
 */
export class QueueOutlet implements Outlet {
  readonly delivery: Delivery;
  readonly #options: QueueSinkOptions;
  readonly #place: string;
  #session: Session | null = null;

  constructor(options: QueueSinkOptions) {
    this.#options = options;
    const { db, queue } = options;
    const database = describeConnection(typeof db === 'string' ? parseConnection(db) : db);
    this.#place = `queue ${queue} of ${database}`;
    this.delivery = {
      guarantee: 'effectively-once',
      dependsOn: 'the queue knows a message by its id as long as dedup_window says',
      order: 'total',
    };
  }

  async check(signal: AbortSignal): Promise<Finding[]> {
    const session = await this.#connect(signal);
    try {
      return await this.#look(session);
    } finally {
      await session.close();
    }
  }

  async open(signal: AbortSignal): Promise<void> {
    await this.close();
    this.#session = await this.#connect(signal);
  }

  async deliver(
    messages: readonly SinkMessage[],
    onDurable: () => void,
    signal: AbortSignal,
  ): Promise<void> {
    for (const block of blocksOf(messages)) await this.#deliverBlock(block, onDurable, signal);
  }

  async close(): Promise<void> {
    await this.#session?.close();
    this.#session = null;
  }

  async #deliverBlock(
    block: readonly SinkMessage[],
    onDurable: () => void,
    signal: AbortSignal,
  ): Promise<void> {
    try {
      await this.#insert(block, signal);
      for (const _message of block) onDurable();
    } catch (error) {
      if (signal.aborted || decisionOf(error) !== 'fix') throw error;
      const [message] = block;
      if (block.length === 1 && message !== undefined) throw this.#refused(message, error);
      // One by one those before it arrive, and it is found.
      for (const one of block) await this.#deliverBlock([one], onDurable, signal);
    }
  }

  async #insert(block: readonly SinkMessage[], signal: AbortSignal): Promise<void> {
    const { queue, dedupWindowMs = defaultDedupWindowMs } = this.#options;
    const events = block.map(messageEvent);
    const columns = (['id', 'type', 'data', 'extra1', 'extra3'] as const).map((name) =>
      arrayLiteral(events.map((event) => event[name])),
    );
    const session = await this.#openSession(signal);
    const abandon = (): void => session.destroy();
    signal.throwIfAborted();
    signal.addEventListener('abort', abandon, { once: true });
    try {
      await session.query(insertUnknownEvents, [queue, `${dedupWindowMs} ms`, ...columns]);
    } catch (error) {
      signal.throwIfAborted();
      throw error;
    } finally {
      signal.removeEventListener('abort', abandon);
    }
  }

  /** Another one in place of one that an abort has ended. */
  async #openSession(signal: AbortSignal): Promise<Session> {
    if (this.#session?.isOpen !== true) this.#session = await this.#connect(signal);
    return this.#session;
  }

  async #connect(signal: AbortSignal): Promise<Session> {
    const { name, db } = this.#options;
    const session = await Session.connect(db, { purpose: `sink ${name}`, signal });
    try {
      await session.query(keepCommitsDurable);
      return session;
    } catch (error) {
      await session.close();
      throw error;
    }
  }

  async #look(session: Session): Promise<Finding[]> {
    const { queue } = this.#options;
    const { rows } = await session.query(sinkFeatures);
    const [row] = rows;
    if (!isTrue(row, 'is_ours')) {
      return [sinkFinding('SINK_QUEUE_SCHEMA', this.#place, 'no pgq.insert_event_unique')];
    }
    if (!isTrue(row, 'may_insert')) {
      const user = textOf(row, 'user_name');
      return [sinkFinding('SINK_QUEUE_RIGHTS', this.#place, `as user ${user}`, { user })];
    }
    const found = await session.query(findQueue, [queue]);
    if (found.rows.length > 0) return [];
    return [sinkFinding('SINK_QUEUE_MISSING', this.#place, `no queue ${queue}`, { queue })];
  }

  #refused({ id }: SinkMessage, cause: unknown): SluiceError {
    const { name: sink } = this.#options;
    const details = { sink, place: this.#place, id, reason: asError(cause).message };
    return new SluiceError('SINK_REFUSED', details, { cause });
  }
}

function* blocksOf(messages: readonly SinkMessage[]): Generator<readonly SinkMessage[]> {
  let from = 0;
  let bytes = 0;
  for (const [at, { payload }] of messages.entries()) {
    if (at > from && (at - from === mostMessages || bytes + payload.length > mostBytes)) {
      yield messages.slice(from, at);
      from = at;
      bytes = 0;
    }
    bytes += payload.length;
  }
  if (from < messages.length) yield messages.slice(from);
}
