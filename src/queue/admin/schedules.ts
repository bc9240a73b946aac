import { Cron } from 'croner';
import { isSluiceError, SluiceError } from '../../errors/index.ts';
import type { Tx } from '../../ledger/index.ts';
import { loadSql } from '../sql.ts';
import { requireQueue } from './queues.ts';
import { flag, number, text, texts } from './rows.ts';
import { requireOurs } from './schema.ts';

const readSql = loadSql('read-schedules');
const setSql = 'select pgq.schedule_event($1, $2, $3, $4, $5, $6) = 1 as done';
const removeSql = 'select pgq.unschedule_event($1) = 1 as done';

const scheduled = 'events on a schedule';

/** An event for every time of a cron expression. */
export interface Schedule {
  readonly name: string;
  readonly queue: string;
  /** Five fields, or six with seconds first; `@daily` and the like. */
  readonly cron: string;
  /** As in `Europe/Tallinn`: whose clock the expression means. */
  readonly timeZone: string;
  readonly type: string | null;
  readonly data: string | null;
}

/** A schedule and the time its last event was for; at first, when it was made. */
export interface KeptSchedule extends Schedule {
  readonly lastMs: number;
  /** The same as the database writes it, with all its digits. */
  readonly last: string;
}

/** @throws QUEUE_ORIGINAL */
export async function listSchedules(tx: Tx): Promise<KeptSchedule[]> {
  await requireOurs(tx, scheduled);
  const { rows } = await tx.query(readSql);
  return rows.map((row) => ({
    name: text(row, 'name'),
    queue: text(row, 'queue'),
    cron: text(row, 'cron'),
    timeZone: text(row, 'time_zone'),
    type: texts(row, 'type'),
    data: texts(row, 'data'),
    lastMs: number(row, 'last_ms')!,
    last: text(row, 'last'),
  }));
}

/**
 * Makes a schedule, or changes the one of that name.
 *
 * @returns whether it is new
 * @throws QUEUE_ORIGINAL, QUEUE_NOT_FOUND, QUEUE_SCHEDULE
 */
export async function setSchedule(tx: Tx, schedule: Schedule): Promise<boolean> {
  lastTime(schedule, 0);
  await requireOurs(tx, scheduled);
  await requireQueue(tx, schedule.queue);
  const { name, queue, cron, type, data, timeZone } = schedule;
  const { rows } = await tx.query(setSql, [name, queue, cron, type, data, timeZone]);
  return flag(rows[0]!, 'done');
}

/**
 * @returns false when there is none of that name
 * @throws QUEUE_ORIGINAL
 */
export async function removeSchedule(tx: Tx, name: string): Promise<boolean> {
  await requireOurs(tx, scheduled);
  const { rows } = await tx.query(removeSql, [name]);
  return flag(rows[0]!, 'done');
}

/** False: what it knows as the time of its last event is when it was made, or changed. */
export function hasFired(schedule: KeptSchedule): boolean {
  try {
    return lastTime(schedule, schedule.lastMs) === schedule.lastMs;
  } catch (error) {
    if (isSluiceError(error, 'QUEUE_SCHEDULE')) return false;
    throw error;
  }
}

/**
 * The last time of a schedule up to a moment, both in milliseconds since 1970; null when there was none.
 *
 * @throws QUEUE_SCHEDULE  the expression or the time zone means nothing
 */
export function lastTime(
  { name, cron, timeZone }: Pick<Schedule, 'name' | 'cron' | 'timeZone'>,
  momentMs: number,
): number | null {
  try {
    const job = new Cron(cron, { timezone: timeZone, paused: true });
    return job.previousRuns(1, new Date(momentMs + 1))[0]?.getTime() ?? null;
  } catch (cause) {
    const problem = cause instanceof Error ? cause.message : String(cause);
    throw new SluiceError('QUEUE_SCHEDULE', { schedule: name, problem }, { cause });
  }
}
