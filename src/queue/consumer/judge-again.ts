import type { Batch } from './batch-feed.ts';
import type { FindSetAside } from './placement/placement.ts';
import { readBatch } from './read-batch.ts';
import type { QueueEvent } from './event.ts';
import type { SetAside, Verdicts } from './verdicts.ts';
import type { Work } from './work.ts';

/**
 * The verdicts on a batch that is done in its target, while the queue has not heard of it: which events they were
 * about the target knows; why, nobody does any more.
 */
export function judgeAgain(
  work: Work,
  batch: Batch,
  verdicts: Verdicts,
): (find: Parameters<FindSetAside>[0]) => Promise<readonly SetAside[]> {
  return async (find) => {
    for await (const chunk of readBatch(work.control, batch.eventsSql, work.definition.maxEvents)) {
      const marked = new Set(await find(chunk.map(({ id }) => id)));
      for (const event of chunk) if (marked.has(event.id)) judge(work, event, verdicts);
    }
    return verdicts.list;
  };
}

function judge(work: Work, event: QueueEvent, verdicts: Verdicts): void {
  const reading = work.readPayload(event);
  if (reading.kind === 'invalid') verdicts.bury(event, reading.reason);
  else verdicts.failed(event, 'failed before a crash that its reason did not survive');
}
