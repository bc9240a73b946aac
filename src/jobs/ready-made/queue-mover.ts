import { z } from 'zod';
import { setting } from '../../service/index.ts';
import { ConsumerJob } from '../consumer-job.ts';
import { insertEvents } from '../events/insert-events.ts';
import type { Job, JobDeps, JobPlan } from '../job.ts';
import { consumerSettings, onFailureSetting, targetSetting } from '../settings.ts';

export const queueMoverSchema = z
  .strictObject({
    kind: z.literal('queue_mover'),
    ...consumerSettings,
    ...targetSetting,
    ...onFailureSetting,
    target_queue: setting(z.string().min(1).optional(), {
      effect: 'The queue in the target that gets the events.',
      why: 'the same name as the source queue',
      example: 'orders',
    }),
  })
  .meta({
    description:
      'Moves the events of a queue into a queue of another database: each exactly once, in order, with its time, type, ' +
      'data and extra fields, and a number of its own.',
  });

export type QueueMoverConfig = z.output<typeof queueMoverSchema>;

export function queueMover(plan: JobPlan<QueueMoverConfig>, deps: JobDeps): Job {
  const { target, queue, target_queue: targetQueue = queue } = plan.config;
  return new ConsumerJob(
    plan,
    () => ({ target, handle: (events, tx) => insertEvents(tx, targetQueue, events) }),
    deps,
  );
}
