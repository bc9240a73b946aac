import type { Tx } from '../../ledger/index.ts';
import { loadSql } from '../sql.ts';
import { listConsumers, type ConsumerState } from './consumers.ts';
import { listQueues, requireQueue, type QueueState } from './queues.ts';
import { number, text, texts } from './rows.ts';

const lateSql = loadSql('count-late-events');
const runningSql = loadSql('list-running-events');

export interface QueueStatus {
  readonly queues: readonly QueueState[];
  readonly consumers: readonly ConsumerStatus[];
  readonly running: readonly RunningJob[];
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
 * @throws QUEUE_NOT_FOUND
 */
export async function readQueueStatus(tx: Tx, queue?: string): Promise<QueueStatus> {
  if (queue !== undefined) await requireQueue(tx, queue);
  const queues = await listQueues(tx);
  const consumers = await listConsumers(tx, queue);
  const late = await tx.query(lateSql, [queue ?? null]);
  const running = await tx.query(runningSql, [queue ?? null]);
  return {
    queues: queues.filter((state) => queue === undefined || state.queue === queue),
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
    running: running.rows.map((row) => ({
      queue: text(row, 'queue'),
      consumer: text(row, 'consumer'),
      event: text(row, 'event'),
      worker: text(row, 'worker'),
      progress: describeProgress(number(row, 'done'), number(row, 'total'), texts(row, 'note')),
    })),
  };
}

function describeProgress(done: number | null, total: number | null, note: string | null): string {
  const amount = done === null ? '' : total === null ? String(done) : `${done} of ${total}`;
  return [amount, note ?? ''].filter((part) => part !== '').join(', ');
}
