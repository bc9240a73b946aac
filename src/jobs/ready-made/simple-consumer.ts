import { z } from 'zod';
import type { AnyEvent } from '../../queue/index.ts';
import { setting } from '../../service/index.ts';
import { ConsumerJob } from '../consumer-job.ts';
import { eventValues } from '../events/event-values.ts';
import { QueryTemplate } from '../events/query-template.ts';
import type { Job, JobDeps, JobPlan } from '../job.ts';
import { consumerSettings } from '../settings.ts';
import { queryProblem, querySetting } from './query-setting.ts';

export const simpleConsumerSchema = z
  .strictObject({
    kind: z.literal('simple_consumer'),
    ...consumerSettings,
    target: setting(z.string().min(1), {
      effect: 'The database that the query runs in. It needs nothing of ours.',
      example: 'archive',
    }),
    query: querySetting,
    on_failure: setting(z.enum(['hold', 'set-aside']).default('set-aside'), {
      effect:
        '`set-aside`: an event whose query fails comes again later, and goes to the dead letters after 25 tries; the others ' +
        'go on. `hold`: its batch is repeated until it succeeds, and with it the queries of its other events.',
      why: 'the queries of the others have happened: repeating them would do them twice',
    }),
  })
  .meta({
    description:
      'Runs a query for each change of a row (`I:`, `U:`, `D:` of `logutriga`; other events are passed over), each in a ' +
      'transaction of its own. At least once: a crash repeats the queries of the batch. For exactly once: ' +
      '`simple_serial_consumer`.',
  });

export type SimpleConsumerConfig = z.output<typeof simpleConsumerSchema>;

/** @throws JOBS_QUERY */
export function simpleConsumer(plan: JobPlan<SimpleConsumerConfig>, deps: JobDeps): Job {
  const { target, query } = plan.config;
  const template = new QueryTemplate(query, queryProblem(plan.name));
  return new ConsumerJob(
    plan,
    ({ connections }) => ({
      oneByOne: true,
      async handle([event], _tx, batch) {
        if (event === undefined || !isRowChange(event)) return;
        const client = await connections.get('target', target);
        await client.query(template.fill(eventValues(event, batch), queryProblem(plan.name)));
      },
    }),
    deps,
  );
}

function isRowChange({ type }: AnyEvent): boolean {
  return /^[IUD]:/.test(type);
}
