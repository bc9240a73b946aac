import type { Tx } from '../../ledger/index.ts';
import { loadSql } from '../sql.ts';
import { listConsumers, type ConsumerState } from './consumers.ts';
import { listQueues, requireQueue, type QueueState } from './queues.ts';
import { flag, number, text, texts } from './rows.ts';
import { requireSchema } from './schema.ts';

const lateSql = { ours: loadSql('count-late-events'), original: loadSql('count-retried-events') };
const mayReadDelayedSql = loadSql('may-read-delayed');
const delayedSql = loadSql('count-delayed-events');
const runningSql = loadSql('list-running-events');

export interface QueueStatus {
  readonly queues: readonly QueueStatusLine[];
  readonly consumers: readonly ConsumerStatus[];
  readonly running: readonly RunningJob[];
}

export interface QueueStatusLine extends QueueState {
  /** Events that were inserted for a time to come; null where the user may not see them. */
  readonly laterEvents: number | null;
}

export interface ConsumerStatus extends ConsumerState {
  /** Events that come again later. */
  readonly retried: number;
  /** Events that were given up. */
  readonly dead: number;
}

/** A long job that has left its batch, or has said how far it is. */
export interface RunningJob {
  readonly queue: string;
  readonly consumer: string;
  readonly event: string;
  readonly worker: string;
  readonly progress: string;
}

/**
 * @param queue one, or all
 * @throws QUEUE_NOT_INSTALLED, QUEUE_NOT_FOUND
 */
export async function readQueueStatus(tx: Tx, queue?: string): Promise<QueueStatus> {
  if (queue !== undefined) await requireQueue(tx, queue);
  const queues = await listQueues(tx);
  const later = await countDelayed(tx);
  const consumers = await listConsumers(tx, queue);
  const schema = await requireSchema(tx);
  const late = await tx.query(lateSql[schema], [queue ?? null]);
  const running = schema === 'ours' ? (await tx.query(runningSql, [queue ?? null])).rows : [];
  return {
    queues: queues
      .filter((state) => queue === undefined || state.queue === queue)
      .map((state) => ({
        ...state,
        laterEvents: later === null ? null : (later.get(state.queue) ?? 0),
      })),
    consumers: consumers.map((consumer) => {
      const counts = late.rows.find(
        (row) => row['queue'] === consumer.queue && row['consumer'] === consumer.consumer,
      );
      return {
        ...consumer,
        retried: counts === undefined ? 0 : number(counts, 'retried')!,
        dead: counts === undefined ? 0 : number(counts, 'dead')!,
      };
    }),
    running: running.map((row) => ({
      queue: text(row, 'queue'),
      consumer: text(row, 'consumer'),
      event: text(row, 'event'),
      worker: text(row, 'worker'),
      progress: describeProgress(number(row, 'done'), number(row, 'total'), texts(row, 'note')),
    })),
  };
}

async function countDelayed(tx: Tx): Promise<ReadonlyMap<string, number> | null> {
  const { rows: rights } = await tx.query(mayReadDelayedSql);
  if (!flag(rights[0]!, 'may')) return null;
  const { rows } = await tx.query(delayedSql);
  return new Map(rows.map((row) => [text(row, 'queue'), number(row, 'events') ?? 0]));
}

function describeProgress(done: number | null, total: number | null, note: string | null): string {
  const amount = done === null ? '' : total === null ? String(done) : `${done} of ${total}`;
  return [amount, note ?? ''].filter((part) => part !== '').join(', ');
}
