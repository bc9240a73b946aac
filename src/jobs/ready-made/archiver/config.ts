import { z } from 'zod';
import { duration, setting } from '../../../service/index.ts';
import { commonSettings } from '../../settings.ts';
import { throttleSettings } from '../../throttle.ts';

const text = z.string().min(1);

export const archiverSchema = z
  .strictObject({
    kind: z.literal('archiver'),
    ...commonSettings,
    source: setting(text, {
      effect: 'The database that rows are moved out of: a name of `[databases]`.',
      example: 'shop',
    }),
    target: setting(text, {
      effect:
        'The database that keeps them. The job makes a table of its own there (`sluice_jobs.archive_receipt`).',
      example: 'archive',
    }),
    table: setting(text, {
      effect: 'The table whose rows are moved. It needs a primary key.',
      example: 'public.orders',
    }),
    where: setting(text, {
      effect: 'SQL over its columns: which rows are moved.',
      example: "state = 'closed' and closed_at < date_trunc('month', now()) - interval '3 months'",
    }),
    target_table: setting(text.optional(), {
      effect: 'The table in the target. It has the same columns, and may have more.',
      why: 'the same name',
      example: 'public.orders',
    }),
    partition_by: setting(text.optional(), {
      effect:
        'A column with a date or time: rows go into a table for each of its months (`target_table_2026_11`), days or years.',
      why: 'all rows go into `target_table`, which may be partitioned by PostgreSQL',
      example: 'closed_at',
    }),
    partition: setting(z.enum(['day', 'month', 'year']).default('month'), {
      effect: 'What has a table of its own, with `partition_by`.',
      why: 'months can be kept and dropped as a whole',
    }),
    part_template: setting(
      text.default('create table _DEST_TABLE (like _PARENT including all) inherits (_PARENT)'),
      {
        effect:
          'SQL that makes a table for `partition_by`: `_DEST_TABLE` is its name, `_PARENT` is `target_table`, `_PKEY` the ' +
          'columns of the key, `_SCHEMA_TABLE` the name with its schema as one word.',
        why: 'a query on `target_table` sees all of them',
      },
    ),
    batch_rows: setting(z.int().min(1).max(100_000).default(1000), {
      effect: 'Rows that are moved at a time; they are locked meanwhile.',
      why: 'some milliseconds of locks, and few transactions',
    }),
    ...throttleSettings,
    loop_delay: setting(duration().optional(), {
      effect: 'How long to wait before it looks again.',
      why: 'the job ends when all was moved, for cron',
      example: '1d',
    }),
  })
  .meta({
    description:
      'Moves rows out of a table into an archive in another database: copied, compared, then deleted, in small transactions. ' +
      'Whatever crashes when: no row is lost, and none is in the archive twice.',
  });

export type ArchiverConfig = z.output<typeof archiverSchema>;
