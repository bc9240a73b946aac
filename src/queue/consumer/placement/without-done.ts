import type { Tx } from '../../../ledger/index.ts';
import { loadSql } from '../../sql.ts';
import type { Batch } from '../batch-feed.ts';
import { findEventsDone } from '../tracking.ts';
import type { SetAside } from '../verdicts.ts';

const lockBatch = loadSql('lock-batch');

/**
 * What is to be set aside, without the events that are done: of a handler's commit whose connection was lost we learn
 * nothing but that it failed. From here to the end of the transaction nobody records an event of the batch.
 */
export async function withoutDone(
  tx: Tx,
  batch: Batch,
  setAside: readonly SetAside[],
  { consumer }: { readonly consumer: string },
): Promise<readonly SetAside[]> {
  await tx.query(lockBatch, [String(batch.id)]);
  if (setAside.length === 0) return setAside;
  const ids = setAside.map(({ eventId }) => eventId);
  const done = new Set(await findEventsDone(tx, consumer, batch, ids));
  return setAside.filter(({ eventId }) => !done.has(eventId));
}
