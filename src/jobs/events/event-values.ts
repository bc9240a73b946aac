import type { AnyEvent, BatchContext } from '../../queue/index.ts';
import { timeText } from './event-filter.ts';
import type { Value } from './query-template.ts';
import { readUrlEncoded } from './url-encoded.ts';

/** What a query for an event can name: the columns of its row, and `pgq.*` for the event itself. */
export function eventValues(event: AnyEvent, batch: BatchContext): Record<string, Value> {
  const data = typeof event.data === 'string' ? event.data : null;
  return {
    ...(data === null ? {} : readUrlEncoded(data)),
    'pgq.ev_id': event.id,
    'pgq.ev_time': timeText(event),
    'pgq.ev_txid': event.txid,
    'pgq.ev_retry': event.retry,
    'pgq.ev_type': event.type,
    'pgq.ev_data': data,
    'pgq.ev_extra1': event.extra1,
    'pgq.ev_extra2': event.extra2,
    'pgq.ev_extra3': event.extra3,
    'pgq.ev_extra4': event.extra4,
    'pgq.batch_id': batch.batchId,
    'pgq.tick_id': batch.tickId,
    'pgq.queue_name': batch.queue,
    job_name: batch.consumer,
  };
}
