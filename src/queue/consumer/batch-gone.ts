import { ServerError } from '../../errors/index.ts';
import { sqlstateOf } from '../../service/index.ts';

/** What pgq raises, ours and the original's; the latter looks for an event in the batches that are open. */
const raised = { sqlstate: 'P0001', messages: ['batch not found', 'event not found'] };

/** Whether a statement failed because its batch is not open any more: somebody else has finished it. */
export function isBatchGone(error: unknown): boolean {
  if (!(error instanceof Error) || sqlstateOf(error) !== raised.sqlstate) return false;
  const message = error instanceof ServerError ? error.fields.message : error.message;
  return raised.messages.includes(message ?? '');
}
