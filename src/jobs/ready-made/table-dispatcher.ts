import type { Client } from 'pg';
import { z } from 'zod';
import { SluiceError } from '../../errors/index.ts';
import type { AnyEvent } from '../../queue/index.ts';
import { duration, setting, systemClock } from '../../service/index.ts';
import { ConsumerJob, type WorkTools } from '../consumer-job.ts';
import type { Job, JobDeps, JobPlan } from '../job.ts';
import { ensureTable, fillTemplate } from '../partitions.ts';
import { dropPartitions } from '../retention.ts';
import { partsOfText, partsOfTime, type DateParts } from '../rows/date-parts.ts';
import { readRowValues, type RowValues } from '../rows/row-event.ts';
import { insertSql } from '../rows/row-sql.ts';
import { consumerSettings, onFailureSetting, targetSetting } from '../settings.ts';

const text = z.string().min(1);
const partMethods = ['daily', 'monthly', 'yearly'] as const;

export const tableDispatcherSchema = z
  .strictObject({
    kind: z.literal('table_dispatcher'),
    ...consumerSettings,
    ...targetSetting,
    ...onFailureSetting,
    dest_table: setting(text, {
      effect: 'The table in the target that gets the rows, or the parent of those that do.',
      example: 'public.visits',
    }),
    part_field: setting(text.optional(), {
      effect:
        'The column whose date says which table a row goes into (`dest_table_2026_11_21`); `_EVTIME` is the time of the ' +
        'event, in UTC.',
      why: 'all rows go into `dest_table`',
      example: '_EVTIME',
    }),
    part_method: setting(z.enum(partMethods).default('daily'), {
      effect: 'What has a table of its own, with `part_field`: days, months or years.',
      why: "the original's",
    }),
    part_template: setting(text.optional(), {
      effect:
        'SQL that makes a table that is not there: `_DEST_TABLE` is its name, `_PARENT` is `dest_table`, `_SCHEMA_TABLE` ' +
        'the name with its schema as one word. It runs in the transaction of the rows, once however many jobs want it.',
      why: 'a table that is not there holds the batch until somebody makes it',
      example: 'create table _DEST_TABLE (like _PARENT including all) inherits (_PARENT)',
    }),
    fields: setting(z.array(text).default(['*']), {
      effect:
        'The columns to take: `id`, `id:new_id` under another name, `*` for all that are not named.',
      why: 'all, as they are',
      example: '["id:visit_id", "*"]',
    }),
    retention: setting(duration().optional(), {
      effect:
        'How long after its end a table of `part_field` is dropped; only tables that jobs have made are.',
      why: 'nothing is dropped',
      example: '90d',
    }),
  })
  .meta({
    description:
      'Inserts the row of each event into a table of the target, or into a table for each day, month or year, which it makes ' +
      'as it needs them: exactly once. Events of any type are inserted, also those of updates and deletes.',
  });

export type TableDispatcherConfig = z.output<typeof tableDispatcherSchema>;

const retentionPeriodMs = 3_600_000;

export function tableDispatcher(plan: JobPlan<TableDispatcherConfig>, deps: JobDeps): Job {
  return new ConsumerJob(
    plan,
    (tools) => {
      const dispatcher = new Dispatcher(plan.config, tools, deps);
      return {
        target: plan.config.target,
        handle: (events, tx) => dispatcher.dispatch(events, tx),
      };
    },
    deps,
  );
}

class Dispatcher {
  readonly #config: TableDispatcherConfig;
  readonly #tools: WorkTools;
  readonly #deps: JobDeps;
  readonly #fields: readonly (readonly [string, string])[];
  #droppedMs = -Infinity;

  constructor(config: TableDispatcherConfig, tools: WorkTools, deps: JobDeps) {
    this.#config = config;
    this.#tools = tools;
    this.#deps = deps;
    this.#fields = config.fields.map((field) => {
      const [from = '', to = from] = field.split(':').map((name) => name.trim());
      return [from, to];
    });
  }

  async dispatch(events: readonly AnyEvent[], tx: Client): Promise<void> {
    const rows = events.map((event) => ({ event, row: readRowValues(event) }));
    const byTable = Map.groupBy(rows, ({ event, row }) => this.#tableOf(event, row));
    const { dest_table: parent, part_template: template } = this.#config;
    for (const [table, share] of byTable) {
      const partition = { table, parent, key: [] };
      await ensureTable(tx, partition, template && fillTemplate(template, partition));
      const chosen = share.map(({ row }) => this.#choose(row));
      for (const sql of insertSql(table, chosen)) await tx.query(sql);
    }
    await this.#dropOld();
  }

  #tableOf(event: AnyEvent, row: RowValues): string {
    const { dest_table: table, part_field: field, part_method: method } = this.#config;
    if (field === undefined) return table;
    const parts = field === '_EVTIME' ? partsOfTime(event.time) : partsOfText(row[field], field);
    return `${table}_${suffixOf(parts, method)}`;
  }

  #choose(row: RowValues): RowValues {
    const named = new Set(this.#fields.map(([from]) => from));
    return Object.fromEntries(
      this.#fields.flatMap(([from, to]) => {
        if (from === '*') return Object.entries(row).filter(([column]) => !named.has(column));
        const value = row[from];
        if (value === undefined) throw new SluiceError('JOBS_NO_COLUMN', { column: from });
        return [[to, value]];
      }),
    );
  }

  async #dropOld(): Promise<void> {
    const { retention, dest_table: parent, target } = this.#config;
    const { clock = systemClock, log } = this.#deps;
    if (retention === undefined) return;
    if (clock.monotonicMs() - this.#droppedMs < retentionPeriodMs) return;
    this.#droppedMs = clock.monotonicMs();
    const client = await this.#tools.connections.get('retention', target);
    const before = new Date(clock.nowMs() - retention * 1000);
    try {
      const dropped = await dropPartitions(client, parent, before);
      if (dropped.length > 0) log.info('old tables are dropped', { tables: dropped });
    } catch (error) {
      // Somebody reads one of them: rows must not wait for that.
      log.warn('an old table is not dropped yet', { error });
      await client.query('rollback');
    }
  }
}

function suffixOf({ year, month, day }: DateParts, method: (typeof partMethods)[number]): string {
  if (method === 'yearly') return year;
  return method === 'monthly' ? `${year}_${month}` : `${year}_${month}_${day}`;
}
