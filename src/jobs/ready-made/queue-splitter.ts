import { z } from 'zod';
import { SluiceError } from '../../errors/index.ts';
import type { AnyEvent } from '../../queue/index.ts';
import { setting } from '../../service/index.ts';
import { ConsumerJob } from '../consumer-job.ts';
import { insertEvents } from '../events/insert-events.ts';
import type { Job, JobDeps, JobPlan } from '../job.ts';
import { consumerSettings, onFailureSetting, targetSetting } from '../settings.ts';

const queueFields = ['type', 'data', 'extra1', 'extra2', 'extra3', 'extra4'] as const;
type QueueField = (typeof queueFields)[number];

export const queueSplitterSchema = z
  .strictObject({
    kind: z.literal('queue_splitter'),
    ...consumerSettings,
    ...targetSetting,
    ...onFailureSetting,
    queue_field: setting(z.enum(queueFields).default('extra1'), {
      effect: 'The field of an event that names the queue in the target that gets it.',
      why: 'the triggers put the name of the table there',
    }),
  })
  .meta({
    description:
      'Moves the events of a queue into several queues of another database, by one of their fields: each exactly once, ' +
      'in order.',
  });

export type QueueSplitterConfig = z.output<typeof queueSplitterSchema>;

export function queueSplitter(plan: JobPlan<QueueSplitterConfig>, deps: JobDeps): Job {
  const { target, queue_field: field } = plan.config;
  return new ConsumerJob(
    plan,
    () => ({
      target,
      async handle(events, tx) {
        const byQueue = Map.groupBy(events, (event) => queueOf(plan.name, event, field));
        for (const [queue, share] of byQueue) await insertEvents(tx, queue, share);
      },
    }),
    deps,
  );
}

function queueOf(job: string, event: AnyEvent, field: QueueField): string {
  const queue = event[field];
  if (typeof queue === 'string' && queue !== '') return queue;
  throw new SluiceError('JOBS_EVENT_FIELD', { job, event: event.id, field });
}
