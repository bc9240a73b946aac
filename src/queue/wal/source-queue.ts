import { SluiceError } from '../../errors/index.ts';
import type { Tx } from '../../ledger/index.ts';
import { quoteIdentifier } from '../../session/index.ts';
import { readSlot, removeSlot, type SourceNames } from '../../stream/index.ts';
import { flag, text, texts } from '../admin/rows.ts';
import { loadSql } from '../sql.ts';

const read = loadSql('wal/read-wal-queue');
const findPublication = loadSql('wal/find-publication');
const takeQueue = 'select pgq.take_wal_queue($1, $2, $3, $4) as target';
const openQueue = 'select pgq.open_wal_queue($1) = 1 as is_new';

/** A queue in the WAL, as its own database knows it. */
export interface SourceQueue {
  readonly name: string;
  readonly id: number;
  /** What follows it; null where nobody has yet. */
  readonly made: SourceNames | null;
  readonly target: string | null;
  /** It has taken events. */
  readonly isOpen: boolean;
}

/** Null when the queue is none of the WAL, or there is none. */
export async function findSourceQueue(source: Tx, name: string): Promise<SourceQueue | null> {
  const { rows } = await source.query(read, [name]);
  const row = rows[0];
  if (!row || text(row, 'kind') !== 'wal') return null;
  const slot = texts(row, 'slot');
  const publication = texts(row, 'publication');
  return {
    name,
    id: Number(text(row, 'id')),
    made: slot === null || publication === null ? null : { slot, publication },
    target: texts(row, 'target'),
    isOpen: flag(row, 'is_open'),
  };
}

/**
 * Records who follows, before anything is made (P11).
 *
 * @throws QUEUE_WAL_TAKEN  its events go to another database
 */
export async function takeSourceQueue(
  source: Tx,
  queue: string,
  { slot, publication }: SourceNames,
  target: string,
): Promise<void> {
  const { rows } = await source.query(takeQueue, [queue, slot, publication, target]);
  const recorded = text(rows[0]!, 'target');
  if (recorded !== target) throw new SluiceError('QUEUE_WAL_TAKEN', { queue, recorded, target });
}

/** The slot is there: inserts are taken from now on. */
export async function openSourceQueue(source: Tx, queue: string): Promise<void> {
  await source.query(openQueue, [queue]);
}

/** A publication of nothing: what the slot's plugin wants to be named one, for messages alone. */
export async function publishNothing(source: Tx, publication: string): Promise<void> {
  if (await isPublished(source, publication)) return;
  await source.query(`CREATE PUBLICATION ${quoteIdentifier(publication)}`);
}

/**
 * Removes what was made to follow a queue; what it held back of the WAL is free.
 *
 * @returns what there was, as a person names it
 * @throws QUEUE_WAL_RUNNING  somebody follows it just now
 */
export async function stopFollowing(source: Tx, { name, made }: SourceQueue): Promise<string[]> {
  if (made === null) return [];
  const removed: string[] = [];
  const slot = await readSlot(source, made.slot);
  if (slot !== null) {
    if (slot.activePid !== null) throw new SluiceError('QUEUE_WAL_RUNNING', { queue: name });
    await removeSlot(source, made.slot);
    removed.push(`slot ${made.slot}`);
  }
  if (await isPublished(source, made.publication)) {
    await source.query(`DROP PUBLICATION ${quoteIdentifier(made.publication)}`);
    removed.push(`publication ${made.publication}`);
  }
  return removed;
}

async function isPublished(source: Tx, publication: string): Promise<boolean> {
  const { rows } = await source.query(findPublication, [publication]);
  return flag(rows[0]!, 'is_there');
}
