import type { Client } from 'pg';
import type { AnyEvent } from '../../queue/index.ts';
import { SluiceError } from '../../errors/index.ts';
import { sqlstateOf } from '../../service/index.ts';
import { loadSql } from '../sql.ts';
import { timeText } from './event-filter.ts';

const currentEventTable = loadSql('current-event-table');
const insertMovedEvents = loadSql('insert-moved-events');

/** Puts events into a queue as they are, with new numbers, in order. @throws JOBS_NO_QUEUE */
export async function insertEvents(
  tx: Client,
  queue: string,
  events: readonly AnyEvent[],
): Promise<void> {
  const table = await findEventTable(tx, queue);
  await tx.query(insertMovedEvents.replace(':events', table), [
    events.map(timeText),
    events.map(({ type }) => type),
    events.map(({ data }) => data),
    events.map(({ extra1 }) => extra1),
    events.map(({ extra2 }) => extra2),
    events.map(({ extra3 }) => extra3),
    events.map(({ extra4 }) => extra4),
  ]);
}

/** What pgq raises. */
const raisedBySchema = 'P0001';

async function findEventTable(tx: Client, queue: string): Promise<string> {
  try {
    const { rows } = await tx.query<{ events: string }>(currentEventTable, [queue]);
    return rows[0]!.events;
  } catch (cause) {
    if (sqlstateOf(cause) !== raisedBySchema) throw cause;
    throw new SluiceError('JOBS_NO_QUEUE', { queue }, { cause });
  }
}
