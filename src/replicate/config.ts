import { z } from 'zod';
import { compilePatterns } from '../catalog/index.ts';
import { isSluiceError } from '../errors/index.ts';
import { byteSize, setting } from '../service/index.ts';

const text = z.string().min(1);

/** `[replicate.NAME]`: one pipeline. */
export const pipelineSchema = z
  .strictObject({
    source: setting(text, {
      effect: 'The database whose tables are copied and followed: a name of `[databases]`.',
      example: 'shop',
    }),
    target: setting(text, {
      effect:
        'Where they arrive: a name of `[databases]`, not the source; or one of `[sinks]`, which takes their changes as ' +
        'messages, from the first start on (rows that are there before are not sent).',
      example: 'shop2',
    }),
    positions: setting(text.optional(), {
      effect:
        'With a sink as target: the database that keeps the position, in schema `sluice`, a name of `[databases]`. ' +
        'A role that may create the schema is needed there.',
      why: 'the source itself',
      example: 'shop2',
    }),
    tables: setting(z.array(text.superRefine(checkPattern)).min(1).default(['*']), {
      effect:
        'Patterns of `schema.table`, with `*` for any characters and `?` for one; one that begins with `!` takes ' +
        'tables out again. As in SQL, letters outside of double quotes fold to lower case.',
      why: 'a database is moved whole; system schemas, `sluice` and queues (`pgq`) are never meant',
      example: '["public.*", "!public.audit_*"]',
    }),
    tables_without_key: setting(z.enum(['refuse', 'insert_only']).default('refuse'), {
      effect:
        'What to do with a table that has no usable replica identity: refuse to start, or follow its inserts and ' +
        'truncates only. Then its UPDATE and DELETE do not arrive.',
      why: "publishing such a table whole would make the application's UPDATE and DELETE fail",
    }),
    copy_jobs: setting(z.int().min(1).max(64).default(4), {
      effect:
        'Connections that copy at once, on each side. They share the tables by ranges of blocks, so one big table ' +
        'keeps them all busy.',
      why: 'more than the cores of the smaller server do not copy faster',
    }),
    synchronous_commit: setting(z.enum(['off', 'local', 'on']).default('off'), {
      effect: 'synchronous_commit of the transactions that apply on the target.',
      why: 'a position is confirmed to the source only once the target has flushed it, so waiting at every commit gains nothing',
    }),
    sql_backlog: setting(z.boolean().default(true), {
      effect:
        'Read a large backlog of the slot through SQL functions, from a temporary copy of the slot: about half of the CPU ' +
        'time that a walsender takes for it. Needs two free replication slots, and room in the temporary tablespace of ' +
        'the source for its largest transaction; without them the walsender is used.',
      why: 'a walsender sends every message by itself, and that is most of its work',
    }),
    spill: setting(z.enum(['temporary', 'durable']).default('temporary'), {
      effect:
        'What the spill on disk is for. `temporary`: big transactions, so that memory stays bounded; the source keeps ' +
        'its WAL until the target is flushed. `durable`: the spill is fsynced and confirmed to the source, which may ' +
        'then remove its WAL; the spill must not be lost, and a start without it stops.',
      why: 'the source stays the one place that holds what has not arrived',
    }),
    spill_dir: setting(text.optional(), {
      effect:
        'The folder of the spill, on a disk with room for `spill_max`. Required when `spill = "durable"`.',
      why: "the system's temporary folder, which a temporary spill may lose at any time",
    }),
    spill_max: setting(byteSize({ minBytes: 64 * 1024 ** 2 }).prefault('10GB'), {
      effect: 'The most the spill takes on disk; at that, reading from the source waits.',
      why: '10 GB: room for the longest transaction of most databases, compressed',
      example: '10GB',
    }),
  })
  .refine((pipeline) => pipeline.source !== pipeline.target, {
    path: ['target'],
    error: 'is the source itself',
    when: () => true,
  })
  .refine((pipeline) => pipeline.spill !== 'durable' || pipeline.spill_dir !== undefined, {
    path: ['spill_dir'],
    error: 'is required when spill = "durable": a temporary folder can be emptied',
    when: () => true,
  });

export type PipelineConfig = z.output<typeof pipelineSchema>;

function checkPattern(pattern: string, context: z.RefinementCtx): void {
  try {
    compilePatterns([pattern]);
  } catch (error) {
    if (!isSluiceError(error, 'CATALOG_PATTERN')) throw error;
    context.addIssue({ code: 'custom', message: `${error.details['problem']}, got "${pattern}"` });
  }
}
