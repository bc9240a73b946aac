import type { Tx } from '../../ledger/index.ts';
import { systemClock } from '../../service/index.ts';
import { loadSql } from '../sql.ts';
import { requireQueue } from './queues.ts';
import { text, texts } from './rows.ts';

const snapshotSql = 'select pg_catalog.txid_current_snapshot()::text as snapshot';
const eventsSql = loadSql('events-between');

const everyMs = 200;

export interface TailedEvent {
  readonly id: string;
  readonly time: string;
  readonly type: string | null;
  readonly data: string | null;
  readonly extras: readonly (string | null)[];
}

/**
 * The events of a queue in the order in which they become visible, each once, from now until the signal aborts.
 * Nobody is registered and nothing written; events of a queue in the WAL alone are not seen.
 *
 * @throws QUEUE_NOT_FOUND
 */
export async function* tailQueue(
  tx: Tx,
  queue: string,
  signal: AbortSignal,
): AsyncGenerator<TailedEvent, void> {
  await requireQueue(tx, queue);
  let seen = await snapshot(tx);
  while (!signal.aborted) {
    await systemClock.sleep(everyMs, signal).catch(() => undefined);
    if (signal.aborted) return;
    const now = await snapshot(tx);
    const { rows } = await tx.query(eventsSql, [queue, seen, now]);
    for (const row of rows) yield toEvent(row);
    seen = now;
  }
}

async function snapshot(tx: Tx): Promise<string> {
  const { rows } = await tx.query(snapshotSql);
  return text(rows[0]!, 'snapshot');
}

function toEvent(row: Record<string, unknown>): TailedEvent {
  return {
    id: text(row, 'ev_id'),
    time: text(row, 'ev_time'),
    type: texts(row, 'ev_type'),
    data: texts(row, 'ev_data'),
    extras: [1, 2, 3, 4].map((number) => texts(row, `ev_extra${number}`)),
  };
}
