import type { Client } from 'pg';
import type { AnyEvent } from '../../queue/index.ts';
import { loadSql } from '../sql.ts';
import { timeText } from './event-filter.ts';

const currentEventTable = loadSql('current-event-table');
const insertMovedEvents = loadSql('insert-moved-events');

/** Puts events into a queue as they are, with new numbers, in order. */
export async function insertEvents(
  tx: Client,
  queue: string,
  events: readonly AnyEvent[],
): Promise<void> {
  const { rows } = await tx.query<{ events: string }>(currentEventTable, [queue]);
  await tx.query(insertMovedEvents.replace(':events', rows[0]!.events), [
    events.map(timeText),
    events.map(({ type }) => type),
    events.map(({ data }) => data),
    events.map(({ extra1 }) => extra1),
    events.map(({ extra2 }) => extra2),
    events.map(({ extra3 }) => extra3),
    events.map(({ extra4 }) => extra4),
  ]);
}
