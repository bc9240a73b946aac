import { z } from 'zod';
import { setting } from '../../service/index.ts';

export const querySetting = setting(z.string().min(1), {
  effect:
    'SQL to run for each event. `%(name)s` becomes the value of a column of its row (the data as `logutriga` encodes it), ' +
    '`%(pgq.ev_type)s`, `%(pgq.ev_data)s`, `%(pgq.ev_id)s`, `%(pgq.ev_time)s`, `%(pgq.ev_extra1)s` to 4, ' +
    '`%(pgq.tick_id)s`, `%(pgq.batch_id)s`, `%(pgq.queue_name)s` a fact of the event; `%%` is a percent sign.',
  example: 'select archive_order(%(id)s, %(pgq.ev_time)s)',
});

/** Which setting an error is about. */
export function queryProblem(job: string): string {
  return `jobs.${job}.query`;
}
