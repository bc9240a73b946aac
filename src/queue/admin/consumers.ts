import { SluiceError } from '../../errors/index.ts';
import type { Tx } from '../../ledger/index.ts';
import { loadSql } from '../sql.ts';
import { findSourceQueue } from '../wal/source-queue.ts';
import { requireName } from './names.ts';
import { requireQueue } from './queues.ts';
import { flag, number, text, texts } from './rows.ts';
import { requireSchema } from './schema.ts';

const listSql = loadSql('list-consumers');
const ticksSql = loadSql('find-tick');
const registerSql = 'select pgq.register_consumer($1, $2) = 1 as done';
const registerAtSql = 'select pgq.register_consumer_at($1, $2, $3::int8) = 1 as done';
const unregisterSql = 'select pgq.unregister_consumer($1, $2) as count';

/** Where a consumer is. Times are seconds. */
export interface ConsumerState {
  readonly queue: string;
  readonly consumer: string;
  readonly lagSeconds: number | null;
  readonly lastSeenSeconds: number | null;
  readonly lastTick: string | null;
  /** The batch that it has open. */
  readonly batch: string | null;
  /** Events behind its last tick, about. */
  readonly pendingEvents: number;
}

/** @param queue one, or all */
export async function listConsumers(tx: Tx, queue?: string): Promise<ConsumerState[]> {
  const { rows } = await tx.query(listSql, [queue ?? null]);
  return rows.map((row) => ({
    queue: text(row, 'queue'),
    consumer: text(row, 'consumer'),
    lagSeconds: number(row, 'lag_seconds'),
    lastSeenSeconds: number(row, 'last_seen_seconds'),
    lastTick: texts(row, 'last_tick'),
    batch: texts(row, 'batch'),
    pendingEvents: number(row, 'pending_events') ?? 0,
  }));
}

export interface RegisterAt {
  /** From this tick on. */
  readonly tick?: string;
  /** From where another consumer is. */
  readonly like?: string;
}

/**
 * A consumer gets every event from the last tick on, or from where `at` says; one that exists is moved there.
 *
 * @returns false when it was registered before
 * @throws QUEUE_NAME, QUEUE_NOT_FOUND, QUEUE_CONSUMER_UNKNOWN, QUEUE_TICK_UNKNOWN, QUEUE_WAL_CONSUMER
 */
export async function registerConsumer(
  tx: Tx,
  queue: string,
  consumer: string,
  at: RegisterAt = {},
): Promise<boolean> {
  requireName('consumer', consumer);
  await requireQueue(tx, queue);
  await requireTable(tx, queue);
  if (at.tick !== undefined) await requireTick(tx, queue, at.tick);
  const tick = at.like === undefined ? at.tick : await positionOf(tx, queue, at.like);
  const { rows } =
    tick === undefined
      ? await tx.query(registerSql, [queue, consumer])
      : await tx.query(registerAtSql, [queue, consumer, tick]);
  return flag(rows[0]!, 'done');
}

/**
 * It gets nothing more; what it has not read is gone for it.
 *
 * @throws QUEUE_NOT_FOUND, QUEUE_CONSUMER_UNKNOWN
 */
export async function unregisterConsumer(tx: Tx, queue: string, consumer: string): Promise<void> {
  await requireQueue(tx, queue);
  const { rows } = await tx.query(unregisterSql, [queue, consumer]);
  if (number(rows[0]!, 'count') === 0) throw unknown(queue, consumer);
}

/** @throws QUEUE_CONSUMER_UNKNOWN */
export async function requireConsumer(tx: Tx, queue: string, consumer: string): Promise<void> {
  const states = await listConsumers(tx, queue);
  if (!states.some((state) => state.consumer === consumer)) throw unknown(queue, consumer);
}

/** A queue in the WAL has neither ticks nor consumers where it is. */
async function requireTable(tx: Tx, queue: string): Promise<void> {
  if ((await requireSchema(tx)) === 'original') return;
  if ((await findSourceQueue(tx, queue)) !== null)
    throw new SluiceError('QUEUE_WAL_CONSUMER', { queue });
}

async function requireTick(tx: Tx, queue: string, tick: string): Promise<void> {
  const { rows } = await tx.query(ticksSql, [queue, tick]);
  const [row] = rows;
  if (flag(row!, 'is_there')) return;
  const [first, last] = [texts(row!, 'first') ?? 'none', texts(row!, 'last') ?? 'none'];
  throw new SluiceError('QUEUE_TICK_UNKNOWN', { queue, tick, first, last });
}

async function positionOf(tx: Tx, queue: string, consumer: string): Promise<string> {
  const states = await listConsumers(tx, queue);
  const found = states.find((state) => state.consumer === consumer);
  if (found?.lastTick === undefined || found.lastTick === null) throw unknown(queue, consumer);
  return found.lastTick;
}

function unknown(queue: string, consumer: string): SluiceError {
  return new SluiceError('QUEUE_CONSUMER_UNKNOWN', { queue, consumer });
}
