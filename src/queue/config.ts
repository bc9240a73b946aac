import { z } from 'zod';
import { byteSize, setting } from '../service/index.ts';

const text = z.string().min(1);

/** `[queue.wal.NAME]`: a queue whose events are in the WAL of one database, and come to another. */
const walQueueSchema = z.strictObject({
  source: setting(text, {
    effect:
      'The database whose WAL has the events: a name of `[databases]`. Its role may replicate, and has the rights of ' +
      'pgq_admin; the queue is made by `sluice queue create NAME --kind wal`.',
    example: 'shop',
  }),
  target: setting(text, {
    effect:
      'The database that gets the events, a name of `[databases]`: there consumers are registered, and there they are ' +
      'ticked. Schema `sluice` is made in it for the position.',
    example: 'events',
  }),
  target_queue: setting(text.optional(), {
    effect: 'The queue there. It is made when it is missing.',
    why: 'the same name',
    example: 'orders',
  }),
  spill_dir: setting(text.optional(), {
    effect:
      'Folder for transactions that the source sends before their end, and that are too large for memory.',
    why: "the system's temporary folder",
    example: '/var/lib/sluice',
  }),
  spill_max: setting(byteSize({ minBytes: 64 * 1024 ** 2 }).prefault('10GB'), {
    effect: 'The most they take on disk. A larger transaction stops the queue.',
    why: '10 GB: room for the longest transaction of most databases, compressed',
    example: '10GB',
  }),
});

/** `[queue.sinks.NAME]`: a queue whose events go to a sink. */
const queueFeedSchema = z.strictObject({
  database: setting(text, {
    effect: 'The database that has the queue: a name of `[databases]`. Its role is in pgq_reader.',
    example: 'shop',
  }),
  queue: setting(text, { effect: 'The queue whose events are sent.', example: 'orders' }),
  consumer: setting(text.optional(), {
    effect:
      'Which consumer of the queue this is. It is registered at the first run, and gets what is inserted from then on.',
    why: 'NAME',
    example: 'to_nats',
  }),
  sink: setting(text, { effect: 'Where they go: a name of `[sinks]`.', example: 'events' }),
  key: setting(z.enum(['type', 'extra1', 'extra2', 'extra3', 'extra4']).optional(), {
    effect:
      'What of an event is its key: events of one key stay in order in a sink that spreads (Kafka, several requests at once).',
    why: 'all events of the queue stay in order',
    example: 'extra1',
  }),
});

/** `[queue]`: whose queues are ticked and maintained. */
export const queueSchema = z
  .strictObject({
    databases: setting(z.array(text).default([]), {
      effect:
        'The databases whose queues are ticked, rotated and compacted: names of `[databases]`. Each needs schema `pgq` ' +
        '(`sluice queue install`), or the original extension. Of several processes that name the same database, one works ' +
        'and the others stand by.',
      why: 'what is ticked by another process needs no ticker here',
      example: '["shop"]',
    }),
    wal: z
      .record(z.string(), walQueueSchema)
      .default({})
      .meta({
        description:
          'One section a queue that lives in the WAL, `[queue.wal.NAME]`: its events are taken to a queue of another ' +
          'database, each once. NAME is the name of the queue (docs/queue-wal.md).',
      }),
    sinks: z
      .record(z.string(), queueFeedSchema)
      .default({})
      .meta({
        description:
          'One section a queue whose events go to a sink, `[queue.sinks.NAME]` (docs/sinks.md). A batch is finished once ' +
          'the sink has all of it.',
      }),
  })
  .meta({
    description:
      'Ticker and maintenance of the queues: what pgqd does for PgQ. Without it nothing is delivered.',
  });

export type QueueFeedConfig = z.output<typeof queueFeedSchema>;
export type WalQueueConfig = z.output<typeof walQueueSchema>;
export type QueueConfig = z.output<typeof queueSchema>;
