import type { Client } from 'pg';
import { z } from 'zod';
import type { AnyEvent } from '../../queue/index.ts';
import { setting, type Log } from '../../service/index.ts';
import { ConsumerJob } from '../consumer-job.ts';
import type { Job, JobDeps, JobPlan } from '../job.ts';
import { exists } from '../partitions.ts';
import { bulkLoad, bulkModes } from '../rows/bulk-load.ts';
import { readRowEvent } from '../rows/row-event.ts';
import { consumerSettings, onFailureSetting, targetSetting } from '../settings.ts';

export const bulkLoaderSchema = z
  .strictObject({
    kind: z.literal('bulk_loader'),
    ...consumerSettings,
    ...targetSetting,
    ...onFailureSetting,
    load_method: setting(z.int().min(0).max(2).default(0), {
      effect:
        '0: updates are updates. 1: updates are deletes and inserts. 2: so are inserts, and rows that are there already do ' +
        'not matter.',
      why: "the original's; 1 and 2 are for databases that are slow at updates",
    }),
    remap_tables: setting(z.record(z.string(), z.string()).default({}), {
      effect: 'What tables of the events are called in the target.',
      why: 'the same',
      example: '{ "public.orders" = "dw.orders" }',
    }),
  })
  .meta({
    description:
      'Applies the changes of several tables by few statements for many rows, for databases that are slow at single ones: ' +
      'several changes of a row become one. Exactly once. Tables that the target does not have are passed over.',
  });

export type BulkLoaderConfig = z.output<typeof bulkLoaderSchema>;

export function bulkLoader(plan: JobPlan<BulkLoaderConfig>, deps: JobDeps): Job {
  const log = deps.log.child({ job: plan.name });
  return new ConsumerJob(
    plan,
    () => ({
      target: plan.config.target,
      handle: (events, tx) => load(plan.config, events, tx, log),
    }),
    deps,
  );
}

async function load(
  { load_method: method, remap_tables: remap }: BulkLoaderConfig,
  events: readonly AnyEvent[],
  tx: Client,
  log: Log,
): Promise<void> {
  const byTable = Map.groupBy(events.map(readRowEvent), ({ table }) => remap[table] ?? table);
  for (const [table, changes] of byTable) {
    if (await exists(tx, table)) await bulkLoad(tx, table, changes, bulkModes[method]!, log);
    else log.warn('a table is not in the target: its events are passed over', { table });
  }
}
