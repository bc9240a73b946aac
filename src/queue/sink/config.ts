import { z } from 'zod';
import { duration, setting } from '../../service/index.ts';

const text = z.string().min(1);

/** `[sinks.NAME.queue]` */
export const queueSinkSchema = z
  .strictObject({
    database: setting(text, {
      effect:
        'The database that has the queue: a name of `[databases]`. Its role is in pgq_writer.',
      example: 'shop2',
    }),
    queue: setting(text, {
      effect: 'The queue that gets an event a message. It exists already (`sluice queue create`).',
      example: 'changes',
    }),
    dedup_window: setting(duration().prefault('1h'), {
      effect:
        'How long the queue knows a message by its id: what is sent again after a longer outage is there twice. The ids ' +
        'of so long are kept in the database.',
      why: 'longer than a restart takes, and few enough ids',
      example: '1h',
    }),
  })
  .meta({
    description:
      "A queue of a database with Sluice's schema pgq: total order; effectively once within `dedup_window`.",
  });

export type QueueSinkConfig = z.output<typeof queueSinkSchema>;
