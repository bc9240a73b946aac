import { z } from 'zod';
import { ConsumerJob } from '../consumer-job.ts';
import { eventValues } from '../events/event-values.ts';
import { QueryTemplate } from '../events/query-template.ts';
import type { Job, JobDeps, JobPlan } from '../job.ts';
import { consumerSettings, onFailureSetting, targetSetting } from '../settings.ts';
import { queryProblem, querySetting } from './query-setting.ts';

export const simpleSerialConsumerSchema = z
  .strictObject({
    kind: z.literal('simple_serial_consumer'),
    ...consumerSettings,
    ...targetSetting,
    ...onFailureSetting,
    query: querySetting,
  })
  .meta({
    description:
      'Runs a query for each event, of whatever type, all of a batch in one transaction with the position: exactly once.',
  });

export type SimpleSerialConsumerConfig = z.output<typeof simpleSerialConsumerSchema>;

/** @throws JOBS_QUERY */
export function simpleSerialConsumer(
  plan: JobPlan<SimpleSerialConsumerConfig>,
  deps: JobDeps,
): Job {
  const { target, query } = plan.config;
  const template = new QueryTemplate(query, queryProblem(plan.name));
  return new ConsumerJob(
    plan,
    () => ({
      target,
      async handle(events, tx, batch) {
        for (const event of events) {
          await tx.query(template.fill(eventValues(event, batch), queryProblem(plan.name)));
        }
      },
    }),
    deps,
  );
}
