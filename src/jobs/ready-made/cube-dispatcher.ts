import type { Client } from 'pg';
import { z } from 'zod';
import { SluiceError } from '../../errors/index.ts';
import type { AnyEvent, BatchContext } from '../../queue/index.ts';
import { setting } from '../../service/index.ts';
import { ConsumerJob } from '../consumer-job.ts';
import type { Job, JobDeps, JobPlan } from '../job.ts';
import { ensureTable, fillTemplate } from '../partitions.ts';
import { readRowEvent, type RowEvent } from '../rows/row-event.ts';
import { keepAllSql, keepLatestSql } from '../rows/row-modes.ts';
import { runStatements } from '../rows/run-statements.ts';
import { consumerSettings, onFailureSetting, targetSetting } from '../settings.ts';

export const cubeDispatcherSchema = z
  .strictObject({
    kind: z.literal('cube_dispatcher'),
    ...consumerSettings,
    ...targetSetting,
    ...onFailureSetting,
    mode: setting(z.enum(['keep_latest', 'keep_all']).default('keep_latest'), {
      effect:
        '`keep_latest`: of each row its last state in the period, deleted rows go. `keep_all`: every state; a DELETE is an ' +
        'error.',
      why: "the original's",
    }),
    dateformat: setting(z.string().default('YYYY_MM_DD'), {
      effect:
        "What follows the table's name: the time of the batch's end, as `to_char` of the target writes it. Empty: nothing.",
      why: 'a table a day',
      example: 'YYYY_MM',
    }),
    part_template: setting(
      z
        .string()
        .min(1)
        .default(
          'create table _DEST_TABLE (like _PARENT); alter table only _DEST_TABLE add primary key (_PKEY);',
        ),
      {
        effect:
          'SQL that makes a table that is not there: `_DEST_TABLE` is its name, `_PARENT` the table of the event, `_PKEY` the ' +
          'columns of its key, `_SCHEMA_TABLE` the name with its schema as one word.',
        why: "the original's; with `keep_all` leave the primary key out",
      },
    ),
  })
  .meta({
    description:
      'Keeps what happened to the rows of several tables, a table for each day: by the events of `logutriga` or `jsontriga`, ' +
      'exactly once.',
  });

export type CubeDispatcherConfig = z.output<typeof cubeDispatcherSchema>;

export function cubeDispatcher(plan: JobPlan<CubeDispatcherConfig>, deps: JobDeps): Job {
  return new ConsumerJob(
    plan,
    () => ({
      target: plan.config.target,
      handle: (events, tx, batch) => dispatch(plan.config, events, tx, batch),
    }),
    deps,
  );
}

async function dispatch(
  { mode, dateformat, part_template: template }: CubeDispatcherConfig,
  events: readonly AnyEvent[],
  tx: Client,
  batch: BatchContext,
): Promise<void> {
  const suffix = await suffixOf(tx, batch.tickTime, dateformat);
  const byTable = Map.groupBy(events.map(readRowEvent), ({ table }) => table);
  for (const [parent, changes] of byTable) {
    const table = suffix === '' ? parent : `${parent}_${suffix}`;
    const partition = { table, parent, key: changes[0]?.key ?? [] };
    await ensureTable(tx, partition, fillTemplate(template, partition));
    if (mode === 'keep_all') refuseDeletes(parent, changes);
    const statements =
      mode === 'keep_all' ? keepAllSql(table, changes) : keepLatestSql(table, changes, true);
    await runStatements(tx, statements);
  }
}

async function suffixOf(tx: Client, time: Date, dateformat: string): Promise<string> {
  if (dateformat === '') return '';
  const { rows } = await tx.query<{ suffix: string }>(
    'select pg_catalog.to_char($1::timestamptz, $2) as suffix',
    [time.toISOString(), dateformat],
  );
  return rows[0]?.suffix ?? '';
}

function refuseDeletes(table: string, changes: readonly RowEvent[]): void {
  if (changes.some(({ op }) => op === 'delete'))
    throw new SluiceError('JOBS_ROW_DELETED', { table });
}
