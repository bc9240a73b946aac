import type { Client } from 'pg';
import { isSluiceError } from '../../errors/index.ts';
import { decisionOf, type Clock, type Log } from '../../service/index.ts';
import { lastTime, listSchedules, type KeptSchedule } from '../admin/schedules.ts';

const fireSql =
  'select pgq.insert_scheduled_event($1, $2::timestamptz, $3::timestamptz) as inserted';

/** How often is looked for schedules that were made or changed. */
const refreshMs = 5000;

/**
 * Inserts the events of schedules at their times. What was missed while no daemon ran comes once, for the last time
 * that was missed.
 */
export class Schedules {
  readonly #client: Client;
  readonly #log: Log;
  readonly #clock: Clock;
  readonly #wrong = new Set<string>();
  #schedules: readonly KeptSchedule[] = [];
  #refreshAtMs = 0;

  constructor(client: Client, log: Log, clock: Clock) {
    this.#client = client;
    this.#log = log;
    this.#clock = clock;
  }

  async fireDue(): Promise<void> {
    if (this.#clock.monotonicMs() >= this.#refreshAtMs) await this.#refresh();
    for (const schedule of this.#schedules) {
      const dueMs = this.#dueTime(schedule);
      if (dueMs !== null) await this.#fire(schedule, dueMs);
    }
  }

  async #refresh(): Promise<void> {
    this.#schedules = await listSchedules(this.#client);
    this.#refreshAtMs = this.#clock.monotonicMs() + refreshMs;
  }

  /** One whose queue does not take its event does not keep the others from theirs. */
  async #fire({ name, last }: KeptSchedule, dueMs: number): Promise<void> {
    try {
      await this.#client.query(fireSql, [name, last, new Date(dueMs).toISOString()]);
      this.#refreshAtMs = 0;
    } catch (error) {
      if (decisionOf(error) === 'reconnect') throw error;
      this.#tellOnce(name, error);
    }
  }

  /** The last of its times that have passed; null when none has. */
  #dueTime(schedule: KeptSchedule): number | null {
    try {
      const time = lastTime(schedule, this.#clock.nowMs());
      return time !== null && time > schedule.lastMs ? time : null;
    } catch (error) {
      if (!isSluiceError(error)) throw error;
      this.#tellOnce(schedule.name, error);
      return null;
    }
  }

  #tellOnce(schedule: string, error: unknown): void {
    if (this.#wrong.has(schedule)) return;
    this.#wrong.add(schedule);
    this.#log.warn('a schedule gives no events', { schedule, error });
  }
}
