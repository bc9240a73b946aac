import { z } from 'zod';
import { setting } from '../service/index.ts';

/** `[queue]`: whose queues are ticked and maintained. */
export const queueSchema = z
  .strictObject({
    databases: setting(z.array(z.string().min(1)).min(1), {
      effect:
        'The databases whose queues are ticked, rotated and compacted: names of `[databases]`. Each needs schema `pgq` ' +
        '(`sluice queue install`), or the original extension. Of several processes that name the same database, one works ' +
        'and the others stand by.',
      example: '["shop"]',
    }),
  })
  .meta({
    description:
      'Ticker and maintenance of the queues: what pgqd does for PgQ. Without it nothing is delivered.',
  });

export type QueueConfig = z.output<typeof queueSchema>;
