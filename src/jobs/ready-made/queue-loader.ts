import type { Client } from 'pg';
import { z } from 'zod';
import type { AnyEvent, BatchContext } from '../../queue/index.ts';
import { setting, type Log } from '../../service/index.ts';
import { ConsumerJob } from '../consumer-job.ts';
import { QueryTemplate } from '../events/query-template.ts';
import type { Job, JobDeps, JobPlan } from '../job.ts';
import { ensureTable } from '../partitions.ts';
import { bulkLoad, bulkModes } from '../rows/bulk-load.ts';
import { partsOfText, partsOfTime } from '../rows/date-parts.ts';
import { isRowEvent, readRowEvent, type RowEvent } from '../rows/row-event.ts';
import { keepAllSql, keepLatestSql, plainSql } from '../rows/row-modes.ts';
import { runStatements } from '../rows/run-statements.ts';
import { consumerSettings, onFailureSetting, targetSetting } from '../settings.ts';
import { quoteIfNeeded, quoteTableIfNeeded, splitTable } from '../table-name.ts';

const text = z.string().min(1);

const rowModes = ['plain', 'keep_latest', 'keep_all', 'bulk'] as const;
const tableModes = ['ignore', 'direct', 'split'] as const;

const loadSettings = {
  table_mode: setting(z.enum(tableModes).default('ignore'), {
    effect:
      '`ignore`: events are passed over. `direct`: rows go into the table of the event. `split`: into a table for each period.',
    why: 'tables are named one by one, in `per_table`',
  }),
  row_mode: setting(z.enum(rowModes).default('plain'), {
    effect:
      '`plain`: changes as they are. `keep_latest`: an update replaces the row or adds it, deletes are passed over. ' +
      '`keep_all`: updates are added, deletes passed over. `bulk`: several changes of a row become one, for many rows at once.',
    why: 'a copy of the table',
  }),
  bulk_mode: setting(z.enum(bulkModes).default('correct'), {
    effect:
      'With `bulk`: updates are updates (`correct`), deletes and inserts (`delete`), or, with the inserts, deletes and ' +
      'inserts (`merged`).',
    why: 'the least that is written',
  }),
  split_mode: setting(
    z
      .string()
      .regex(/^(?:by-batch-time|by-event-time|by-date-field:.+)$/)
      .default('by-batch-time'),
    {
      effect:
        'With `split`: by which time, `by-batch-time`, `by-event-time` (both in UTC) or `by-date-field:COLUMN`.',
      why: "the original's",
    },
  ),
  split_part: setting(text.default('%(table_name)s_%(year)s_%(month)s_%(day)s'), {
    effect: 'With `split`: what the table of a period is called; there is `%(hour)s` too.',
    why: 'a table a day',
  }),
  split_part_template: setting(text.optional(), {
    effect:
      'With `split`: SQL that makes a table that is not there: `%(dest)s` is its name, `%(parent)s` the table of the event, ' +
      '`%(pkey)s` the columns of its key, `%(schema_table)s` the name with its schema as one word.',
    why: 'a table that is not there holds the batch until somebody makes it',
    example: 'create table %(dest)s (like %(parent)s including all) inherits (%(parent)s)',
  }),
} as const;

const optionalLoadSettings = z.strictObject({
  table_mode: z.enum(tableModes).optional(),
  row_mode: z.enum(rowModes).optional(),
  bulk_mode: z.enum(bulkModes).optional(),
  split_mode: z
    .string()
    .regex(/^(?:by-batch-time|by-event-time|by-date-field:.+)$/)
    .optional(),
  split_part: text.optional(),
  split_part_template: text.optional(),
});

export const queueLoaderSchema = z
  .strictObject({
    kind: z.literal('queue_loader'),
    ...consumerSettings,
    ...targetSetting,
    ...onFailureSetting,
    ...loadSettings,
    per_table: setting(z.record(z.string(), optionalLoadSettings).default({}), {
      effect:
        'What is different for a table: `table_mode`, `row_mode`, `bulk_mode`, `split_mode`, `split_part`, ' +
        '`split_part_template`, by its name.',
      why: 'all tables are alike',
      example: '{ "public.orders" = { table_mode = "direct" } }',
    }),
  })
  .meta({
    description:
      'Loads the changes of tables into tables, as they are or as a history, whole or a table for each period: exactly once. ' +
      'Events that tell of no row are passed over.',
  });

export type QueueLoaderConfig = z.output<typeof queueLoaderSchema>;
type LoadSettings = Pick<QueueLoaderConfig, keyof typeof loadSettings>;

export function queueLoader(plan: JobPlan<QueueLoaderConfig>, deps: JobDeps): Job {
  const log = deps.log.child({ job: plan.name });
  return new ConsumerJob(
    plan,
    () => ({
      target: plan.config.target,
      handle: (events, tx, batch) => new Loader(plan.config, tx, batch, log).load(events),
    }),
    deps,
  );
}

interface Change {
  readonly event: AnyEvent;
  readonly change: RowEvent;
}

class Loader {
  readonly #config: QueueLoaderConfig;
  readonly #tx: Client;
  readonly #batch: BatchContext;
  readonly #log: Log;

  constructor(config: QueueLoaderConfig, tx: Client, batch: BatchContext, log: Log) {
    this.#config = config;
    this.#tx = tx;
    this.#batch = batch;
    this.#log = log;
  }

  async load(events: readonly AnyEvent[]): Promise<void> {
    const changes = events
      .filter(isRowEvent)
      .map((event) => ({ event, change: readRowEvent(event) }));
    for (const [table, share] of Map.groupBy(changes, ({ change }) => change.table)) {
      const settings = settingsOf(this.#config, table);
      if (settings.table_mode !== 'ignore') await this.#loadTable(table, share, settings);
    }
  }

  async #loadTable(parent: string, changes: Change[], settings: LoadSettings): Promise<void> {
    if (settings.table_mode === 'direct') {
      await this.#apply(parent, changes, settings);
      return;
    }
    const parts = Map.groupBy(changes, (change) => this.#partOf(parent, change, settings));
    for (const [table, share] of parts) {
      const key = share[0]?.change.key ?? [];
      await this.#ensurePart(table, parent, key, settings.split_part_template);
      await this.#apply(table, share, settings);
    }
  }

  #partOf(table: string, { event, change }: Change, settings: LoadSettings): string {
    const { split_mode: mode, split_part: name } = settings;
    const field = mode.startsWith('by-date-field:') ? mode.slice('by-date-field:'.length) : null;
    const time = mode === 'by-event-time' ? event.time : this.#batch.tickTime;
    const parts = field === null ? partsOfTime(time) : partsOfText(change.row[field], field);
    return fillNames('split_part', name, { table_name: table, ...parts });
  }

  async #ensurePart(
    table: string,
    parent: string,
    key: readonly string[],
    template: string | undefined,
  ): Promise<void> {
    const { schema, name } = splitTable(table);
    const dest = quoteTableIfNeeded(table);
    const names = {
      dest,
      part: dest,
      parent: quoteTableIfNeeded(parent),
      pkey: key.map(quoteIfNeeded).join(', '),
      schema_table: quoteIfNeeded(`${schema}__${name}`),
    };
    const create = template && fillNames('split_part_template', template, names);
    await ensureTable(this.#tx, { table, parent }, create);
  }

  async #apply(table: string, changes: readonly Change[], settings: LoadSettings): Promise<void> {
    const rows = changes.map(({ change }) => change);
    switch (settings.row_mode) {
      case 'plain':
        return runStatements(this.#tx, plainSql(table, rows));
      case 'keep_latest':
        return runStatements(this.#tx, keepLatestSql(table, rows, false));
      case 'keep_all':
        return runStatements(this.#tx, keepAllSql(table, rows));
      case 'bulk':
        return bulkLoad(this.#tx, table, rows, settings.bulk_mode, this.#log);
      default:
        return settings.row_mode satisfies never;
    }
  }
}

export function settingsOf(config: QueueLoaderConfig, table: string): LoadSettings {
  const own = config.per_table[table] ?? {};
  return {
    table_mode: own.table_mode ?? config.table_mode,
    row_mode: own.row_mode ?? config.row_mode,
    bulk_mode: own.bulk_mode ?? config.bulk_mode,
    split_mode: own.split_mode ?? config.split_mode,
    split_part: own.split_part ?? config.split_part,
    split_part_template: own.split_part_template ?? config.split_part_template,
  };
}

function fillNames(setting: string, template: string, names: Record<string, string>): string {
  return new QueryTemplate(template, setting).fill(names, setting, String);
}
