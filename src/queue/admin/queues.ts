import { SluiceError } from '../../errors/index.ts';
import type { Tx } from '../../ledger/index.ts';
import { loadSql } from '../sql.ts';
import { requireName } from './names.ts';
import { requireRight } from './refusal.ts';
import { findSourceQueue, stopFollowing } from '../wal/source-queue.ts';
import { flag, number, text, texts } from './rows.ts';
import { requireSchema } from './schema.ts';
import { setSetting } from './settings.ts';

const listSql = loadSql('list-queues');
const findSql = loadSql('is-queue');
const createSql = 'select pgq.create_queue($1) = 1 as done';
const createWalSql = 'select pgq.create_wal_queue($1) = 1 as done';
const dropSql = 'select pgq.drop_queue($1, $2) = 1 as done';
const consumersSql = 'select consumer_name from pgq.get_consumer_info($1) order by consumer_name';
const readConfigSql = loadSql('read-queue-config');

/** What a queue is at now. Times are seconds. */
export interface QueueState {
  readonly queue: string;
  readonly consumers: number;
  /** Events since the last tick, about: numbers that were given back count. */
  readonly newEvents: number;
  readonly eventsPerSecond: number | null;
  readonly tickerLagSeconds: number | null;
  readonly lastTick: string | null;
  readonly isPaused: boolean;
  /** `1/3`: which of its tables takes the events. */
  readonly table: string;
  readonly rotationPeriod: string;
}

export async function listQueues(tx: Tx): Promise<QueueState[]> {
  const { rows } = await tx.query(listSql);
  return rows.map((row) => ({
    queue: text(row, 'queue'),
    consumers: number(row, 'consumers') ?? 0,
    newEvents: number(row, 'new_events') ?? 0,
    eventsPerSecond: number(row, 'events_per_second'),
    tickerLagSeconds: number(row, 'ticker_lag_seconds'),
    lastTick: texts(row, 'last_tick'),
    isPaused: flag(row, 'is_paused'),
    table: text(row, 'table'),
    rotationPeriod: text(row, 'rotation_period'),
  }));
}

/** Where a queue's events are: in tables of its database, or in its WAL alone. */
export type QueueKind = 'table' | 'wal';

/**
 * @returns false when there is one of that name already
 * @throws QUEUE_NAME
 */
export async function createQueue(
  tx: Tx,
  queue: string,
  kind: QueueKind = 'table',
): Promise<boolean> {
  requireName('queue', queue);
  const { rows } = await tx.query(kind === 'wal' ? createWalSql : createSql, [queue]);
  return flag(rows[0]!, 'done');
}

/**
 * @param options.force with its consumers, who lose what they have not read yet; a queue in the WAL has none here, and
 *   loses what was not taken to its target
 * @returns what was made beside the queue and is gone with it, as a person names it: slot and publication
 * @throws QUEUE_NOT_FOUND, QUEUE_RIGHTS, QUEUE_HAS_CONSUMERS, QUEUE_WAL_RUNNING
 */
export async function dropQueue(
  tx: Tx,
  queue: string,
  { force = false }: { force?: boolean } = {},
): Promise<string[]> {
  await requireQueue(tx, queue);
  await requireRight(tx, 'pgq.drop_queue(text, bool)', 'pgq_admin');
  const { rows } = await tx.query(consumersSql, [queue]);
  if (rows.length > 0 && !force) {
    const consumers = rows.map((row) => text(row, 'consumer_name')).join(', ');
    throw new SluiceError('QUEUE_HAS_CONSUMERS', { queue, consumers });
  }
  const removed = await removeFollower(tx, queue);
  await tx.query(dropSql, [queue, force]);
  return removed;
}

/** What follows a queue in the WAL keeps the server's WAL for it, with or without the queue. */
async function removeFollower(tx: Tx, queue: string): Promise<string[]> {
  if ((await requireSchema(tx)) === 'original') return [];
  const followed = await findSourceQueue(tx, queue);
  return followed === null ? [] : await stopFollowing(tx, followed);
}

/**
 * The settings of a queue by the names that `set_queue_config` knows.
 *
 * @throws QUEUE_NOT_FOUND
 */
export async function readQueueConfig(tx: Tx, queue: string): Promise<Record<string, string>> {
  await requireQueue(tx, queue);
  const { rows } = await tx.query(readConfigSql, [queue]);
  return Object.fromEntries(rows.map((row) => [text(row, 'name'), text(row, 'value')]));
}

/** @throws QUEUE_NOT_FOUND, QUEUE_SETTING, QUEUE_SETTING_VALUE */
export async function configureQueue(
  tx: Tx,
  queue: string,
  settings: Readonly<Record<string, string>>,
): Promise<void> {
  const known = Object.keys(await readQueueConfig(tx, queue));
  for (const [name, value] of Object.entries(settings)) {
    if (!known.includes(name)) throw unknownSetting(name, known);
    await setSetting(tx, queue, name, value);
  }
}

/** A paused queue takes events and gives none out: it is not ticked. */
export async function pauseQueue(tx: Tx, queue: string, isPaused: boolean): Promise<void> {
  await configureQueue(tx, queue, { ticker_paused: isPaused ? '1' : '0' });
}

/** @throws QUEUE_NOT_FOUND */
export async function requireQueue(tx: Tx, queue: string): Promise<void> {
  const { rows } = await tx.query(findSql, [queue]);
  if (flag(rows[0]!, 'is_there')) return;
  throw new SluiceError('QUEUE_NOT_FOUND', { queue, database: text(rows[0]!, 'database') });
}

function unknownSetting(setting: string, known: readonly string[]): SluiceError {
  return new SluiceError('QUEUE_SETTING', { setting, known: known.join(', ') });
}
