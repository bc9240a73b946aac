import { loadSql } from '../sql.ts';
import type { Tx } from '../../ledger/index.ts';
import type { QueueEvent } from './event.ts';
import { numberOf, textOf, textOrNull, type Row } from './rows.ts';
import type { Work } from './work.ts';

const reclaimLeases = loadSql('reclaim-leases');
const eventsComingAgain = loadSql('events-coming-again');

/**
 * What whoever worked for the consumer before has left: leases and progress without a worker, and keys that are held
 * back.
 */
export async function takeOver(work: Work): Promise<void> {
  if (work.progress === null) return;
  for (const queue of work.definition.queues) {
    if (isAlone(work)) await reclaim(work, queue);
    if (work.keys !== null) await rememberEvents(work, queue, work.control);
  }
}

/** Without the lock of a session we do not know that nobody else is at work. */
function isAlone({ isPolling, definition }: Work): boolean {
  return !isPolling && definition.kind !== 'cooperative';
}

async function reclaim({ control, definition, worker, log }: Work, queue: string): Promise<void> {
  const { rows } = await control.query(reclaimLeases, [queue, definition.name, worker]);
  const count = numberOf(rows[0], 'count');
  if (count > 0) log.warn('events of a process that died come again', { queue, count });
}

async function rememberEvents(work: Work, queue: string, control: Tx): Promise<void> {
  const { rows } = await control.query(eventsComingAgain, [queue, work.definition.name]);
  for (const row of rows) {
    const reading = work.readPayload(toEvent(row));
    if (reading.kind === 'event') work.keys?.remember(reading.event, numberOf(row, 'after_ms'));
  }
}

function toEvent(row: Row): QueueEvent {
  const timeUs = Math.round(numberOf(row, 'time_s') * 1e6);
  return {
    id: BigInt(textOf(row, 'id')),
    time: new Date(Math.floor(timeUs / 1000)),
    timeMicros: timeUs % 1000,
    txid: BigInt(textOrNull(row, 'txid') ?? 0),
    retry: Number(textOrNull(row, 'retry') ?? 0),
    type: textOrNull(row, 'type') ?? '',
    data: textOrNull(row, 'data'),
    extra1: textOrNull(row, 'extra1'),
    extra2: textOrNull(row, 'extra2'),
    extra3: textOrNull(row, 'extra3'),
    extra4: textOrNull(row, 'extra4'),
  };
}
