import type { Finding } from '../../service/index.ts';
import type { QueueKind } from '../admin/queues.ts';
import { flag } from '../admin/rows.ts';
import { findSchema } from '../admin/schema.ts';
import { loadSql } from '../sql.ts';
import { findSourceQueue } from '../wal/source-queue.ts';
import {
  checkDatabase,
  lookAtRights,
  lookAtSchema,
  lookAtWriting,
  type CheckedDatabase,
  type CheckOptions,
} from './database.ts';
import { findQueueProblem as find } from './findings.ts';

const isQueueSql = loadSql('is-queue');

/** Looks at a queue that is to be read. */
export function checkConsumer(
  { database, queue }: { readonly database: string; readonly queue: string },
  options: CheckOptions,
): Promise<Finding[]> {
  return checkDatabase(database, options, (checked) => lookAtReading(checked, queue));
}

/** Whether a consumer can read the queue. */
export async function lookAtReading(database: CheckedDatabase, queue: string): Promise<Finding[]> {
  const unfit = await lookAtSchema(database, 'any');
  if (unfit.length > 0) return unfit;
  return [...lookAtRights(database, 'read'), ...(await lookAtQueue(database, queue))];
}

/** Whether events can be put into the queue; without one, into queues of the database at all. */
export async function lookAtInserting(
  database: CheckedDatabase,
  queue?: string,
): Promise<Finding[]> {
  const unfit = await lookAtSchema(database, 'any');
  if (unfit.length > 0) return unfit;
  const rights = lookAtRights(database, 'insert');
  return queue === undefined ? rights : [...rights, ...(await lookAtQueue(database, queue))];
}

/** Whether a consumer's position can be kept in its target. */
export function lookAtTracking(database: CheckedDatabase): Finding[] {
  const { name, facts } = database;
  const findings = [...lookAtWriting(database), ...lookAtRights(database, 'track')];
  if (facts.may.track !== undefined) return findings;
  const missing = find('CHECK_QUEUE_TRACKING', name, 'no schema pgq_ext', { database: name });
  return [...findings, missing];
}

async function lookAtQueue(database: CheckedDatabase, queue: string): Promise<Finding[]> {
  const { name } = database;
  const kind = await kindOf(database, queue);
  if (kind === 'table') return [];
  const place = `queue ${queue} of ${name}`;
  if (kind === 'wal') return [find('CHECK_QUEUE_KIND', place, 'it lives in the WAL')];
  return [find('CHECK_QUEUE_MISSING', place, 'no such queue', { queue, database: name })];
}

/** Null: there is no such queue. */
export async function kindOf(
  { session }: CheckedDatabase,
  queue: string,
): Promise<QueueKind | null> {
  const { rows } = await session.query(isQueueSql, [queue]);
  if (!flag(rows[0]!, 'is_there')) return null;
  if ((await findSchema(session)) === 'original') return 'table';
  return (await findSourceQueue(session, queue)) === null ? 'table' : 'wal';
}
