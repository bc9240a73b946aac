import type { Client } from 'pg';
import { quoteIdentifier } from '../../session/index.ts';
import { decisionOf, systemClock, type Clock, type Log } from '../../service/index.ts';
import { loadSql } from '../sql.ts';
import { Schedules } from './schedules.ts';

const operationsSql = loadSql('maintenance-operations');
const isDueSql = loadSql('next-due');
const retrySql = 'select pgq.maint_retry_events() as moved';
const delayedSql = 'select pgq.maint_delayed_events() as moved';

interface MaintenanceOptions {
  /** Connected, and nobody else's while this runs. */
  readonly client: Client;
  readonly log: Log;
  readonly clock?: Clock | undefined;
  /** Between two rounds of rotation, compaction and vacuum. */
  readonly operationsMs: number;
  /** How often is looked for events that are due; how late they may be. */
  readonly dueMs: number;
  /** The original's schema has no delayed events, and does not say when the next one is due. */
  readonly isOriginal: boolean;
  /** Events that were to come later are in their queue now. */
  readonly onDue: () => void;
}

/** Everything a database's queues need besides ticks. */
export class Maintenance {
  readonly #options: MaintenanceOptions;
  readonly #clock: Clock;
  readonly #schedules: Schedules | null;
  #operationsAtMs = 0;
  #movesAtMs = 0;

  constructor(options: MaintenanceOptions) {
    this.#options = options;
    this.#clock = options.clock ?? systemClock;
    const { client, log, isOriginal } = options;
    this.#schedules = isOriginal ? null : new Schedules(client, log, this.#clock);
  }

  /** Until the signal aborts; throws what the connection breaks with. */
  async run(signal: AbortSignal): Promise<void> {
    const { dueMs, operationsMs } = this.#options;
    while (!signal.aborted) {
      await this.#schedules?.fireDue();
      if (this.#clock.monotonicMs() >= this.#movesAtMs) await this.#moveDue();
      if (this.#clock.monotonicMs() >= this.#operationsAtMs) {
        await this.#operate(signal);
        this.#operationsAtMs = this.#clock.monotonicMs() + operationsMs;
      }
      await this.#clock.sleep(dueMs, signal).catch(() => undefined);
    }
  }

  async #moveDue(): Promise<void> {
    const { isOriginal, operationsMs } = this.#options;
    if (!isOriginal && !(await this.#isDue())) return;
    const areMoved = [await this.#try('maint_retry_events', () => this.#moveAll(retrySql))];
    if (!isOriginal) {
      areMoved.push(await this.#try('maint_delayed_events', () => this.#moveAll(delayedSql)));
    }
    if (areMoved.includes(false)) this.#movesAtMs = this.#clock.monotonicMs() + operationsMs;
  }

  async #isDue(): Promise<boolean> {
    const { rows } = await this.#options.client.query<{ is_due: boolean | null }>(isDueSql);
    return rows[0]?.is_due === true;
  }

  /** Each call moves some, oldest first. */
  async #moveAll(sql: string): Promise<void> {
    const { client, onDue } = this.#options;
    for (;;) {
      const { rows } = await client.query<{ moved: number }>(sql);
      if ((rows[0]?.moved ?? 0) === 0) return;
      onDue();
    }
  }

  async #operate(signal: AbortSignal): Promise<void> {
    const { rows } = await this.#options.client.query<Operation>(operationsSql);
    for (const operation of rows) {
      if (signal.aborted) return;
      await this.#runOperation(operation);
    }
  }

  async #runOperation(operation: Operation): Promise<void> {
    const { sql, values } = statementOf(operation);
    await this.#try(
      operation.func_name,
      async () => {
        // What returns 1 has more to do.
        for (;;) {
          const { rows } = await this.#options.client.query<{ result?: number | null }>(
            sql,
            values,
          );
          if (rows[0]?.result !== 1) return;
        }
      },
      operation.func_arg,
    );
  }

  /** What fails (a table is locked, a function is somebody's own) does not keep the others from running. */
  async #try(
    operation: string,
    work: () => Promise<void>,
    argument: string | null = null,
  ): Promise<boolean> {
    try {
      await work();
      return true;
    } catch (error) {
      if (decisionOf(error) === 'reconnect') throw error;
      this.#options.log.warn(
        'a maintenance operation failed, and is tried again in the next round',
        {
          operation,
          argument,
          error,
        },
      );
      return false;
    }
  }
}

/** A row of pgq.maint_operations(). */
interface Operation {
  readonly func_name: string;
  readonly func_arg: string | null;
}

function statementOf({ func_name: name, func_arg: arg }: Operation): {
  sql: string;
  values: string[];
} {
  if (name.toLowerCase() === 'vacuum') return { sql: `vacuum ${quoted(arg!)}`, values: [] };
  const values = arg === null ? [] : [arg];
  return { sql: `select ${quoted(name)}(${arg === null ? '' : '$1'}) as result`, values };
}

function quoted(qualified: string): string {
  return qualified.split('.').map(quoteIdentifier).join('.');
}
