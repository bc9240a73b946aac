import type { Tx } from '../../ledger/index.ts';
import { loadSql } from '../sql.ts';
import { flag, number, text, texts } from './rows.ts';
import { requireOurs } from './schema.ts';

const retriesSql = loadSql('list-retries');
const retryNowSql = loadSql('retry-now');
const deadSql = loadSql('list-dead-events');
const leftSql = loadSql('left-by-consumer');
const redriveSql = 'select pgq.redrive_events($1, $2, $3::int8[]) as count';

/** Of whom; without a name, of all. */
export interface WhoseEvents {
  readonly queue?: string | undefined;
  readonly consumer?: string | undefined;
}

/** An event that comes again, for the consumer that asked for it. */
export interface RetriedEvent {
  readonly queue: string;
  readonly consumer: string;
  readonly event: string;
  readonly type: string | null;
  /** Tries so far. */
  readonly tries: number;
  readonly dueAt: string;
}

export async function listRetries(
  tx: Tx,
  { queue, consumer }: WhoseEvents,
): Promise<RetriedEvent[]> {
  const { rows } = await tx.query(retriesSql, [queue ?? null, consumer ?? null]);
  return rows.map((row) => ({
    queue: text(row, 'queue'),
    consumer: text(row, 'consumer'),
    event: text(row, 'event'),
    type: texts(row, 'type'),
    tries: number(row, 'tries') ?? 0,
    dueAt: text(row, 'due_at'),
  }));
}

/**
 * Makes them due now: how many.
 *
 * @throws QUEUE_ORIGINAL
 */
export async function retryNow(tx: Tx, { queue, consumer }: WhoseEvents): Promise<number> {
  await requireOurs(tx, 'retries that can be brought forward');
  const { rows } = await tx.query(retryNowSql, [queue ?? null, consumer ?? null]);
  return number(rows[0]!, 'count') ?? 0;
}

/** Why a consumer that has come to its end has not handled everything. */
export interface LeftEvents {
  /** Nothing is given out but the batches that are there. */
  readonly isPaused: boolean;
  readonly comingAgain: number;
}

/** For members of pgq_reader; needs Sluice's schema. */
export async function readLeftEvents(tx: Tx, queue: string, consumer: string): Promise<LeftEvents> {
  const { rows } = await tx.query(leftSql, [queue, consumer]);
  const [row] = rows;
  return { isPaused: flag(row!, 'is_paused'), comingAgain: number(row!, 'coming_again') ?? 0 };
}

/** An event that a consumer has given up. */
export interface DeadEvent {
  readonly queue: string;
  readonly consumer: string;
  readonly event: string;
  readonly type: string | null;
  readonly data: string | null;
  readonly tries: number;
  readonly diedAt: string;
  readonly reason: string;
}

/** @throws QUEUE_ORIGINAL */
export async function listDeadEvents(
  tx: Tx,
  { queue, consumer }: WhoseEvents,
): Promise<DeadEvent[]> {
  await requireOurs(tx, 'dead letters');
  const { rows } = await tx.query(deadSql, [queue ?? null, consumer ?? null]);
  return rows.map((row) => ({
    queue: text(row, 'queue'),
    consumer: text(row, 'consumer'),
    event: text(row, 'event'),
    type: texts(row, 'type'),
    data: texts(row, 'data'),
    tries: number(row, 'tries') ?? 0,
    diedAt: text(row, 'died_at'),
    reason: text(row, 'reason'),
  }));
}

/**
 * Gives dead events back to the consumer that has given them up, with all their tries before them: how many.
 *
 * @param events numbers of events; without them, all
 * @throws QUEUE_ORIGINAL
 */
export async function redriveEvents(
  tx: Tx,
  queue: string,
  consumer: string,
  events?: readonly string[],
): Promise<number> {
  await requireOurs(tx, 'dead letters');
  const { rows } = await tx.query(redriveSql, [queue, consumer, events ?? null]);
  return number(rows[0]!, 'count') ?? 0;
}
