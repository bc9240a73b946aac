import { SluiceError } from '../../errors/index.ts';
import type { Tx } from '../../ledger/index.ts';
import { loadSql } from '../sql.ts';
import type { Batch } from './batch-feed.ts';
import { isBatchGone } from './batch-gone.ts';
import { numberOf } from './rows.ts';
import { arrayLiteral } from '../array-literal.ts';
import type { SetAside } from './verdicts.ts';

const setAsideEvents = loadSql('set-aside-events');
const retryEvents = loadSql('retry-events');

export interface FinishOptions {
  readonly consumer: string;
  readonly timeoutMs: number | undefined;
  readonly finishSql: string;
  /** False in the original's schema, where events that fail are tried for ever. */
  readonly hasDeadLetters: boolean;
  /** Events are recorded one by one: nobody may record one of a batch that is being finished. */
  readonly tracksEvents: boolean;
}

/**
 * Puts what was set aside where it belongs, and moves the consumer past the batch; all within the caller's
 * transaction.
 *
 * @throws QUEUE_BATCH_TAKEN  the batch is not open any more: nothing of this transaction may stay
 */
export async function finishBatch(
  tx: Tx,
  batch: Batch,
  setAside: readonly SetAside[],
  options: FinishOptions,
): Promise<void> {
  try {
    if (setAside.length > 0) await putAside(tx, batch, setAside, options.hasDeadLetters);
  } catch (error) {
    throw isBatchGone(error) ? batchTaken(batch, options.consumer) : error;
  }
  const { rows } = await tx.query(options.finishSql, [String(batch.id)]);
  if (numberOf(rows[0], 'finished') !== 1) throw batchTaken(batch, options.consumer);
}

export function batchTaken(batch: Batch, consumer: string): SluiceError {
  const { id, queue } = batch;
  return new SluiceError('QUEUE_BATCH_TAKEN', { batch: id, queue, consumer });
}

async function putAside(
  tx: Tx,
  batch: Batch,
  setAside: readonly SetAside[],
  hasDeadLetters: boolean,
): Promise<void> {
  const ids = arrayLiteral(setAside.map(({ eventId }) => String(eventId)));
  const delays = arrayLiteral(setAside.map(({ afterMs }) => `${afterMs} ms`));
  if (!hasDeadLetters) {
    await tx.query(retryEvents, [String(batch.id), ids, delays]);
    return;
  }
  await tx.query(setAsideEvents, [
    String(batch.id),
    ids,
    arrayLiteral(setAside.map(({ as }) => as)),
    delays,
    arrayLiteral(setAside.map(({ reason }) => reason)),
  ]);
}
