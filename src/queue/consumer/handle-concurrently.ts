import type { OnEvent } from './definition.ts';
import { readBatch } from './read-batch.ts';
import { selectEvent } from './select-events.ts';
import type { BatchTry, JobRunner } from './work.ts';

/** The batch is left open, for whoever comes next. */
export class GivenBack extends Error {}

/** Hands a batch's events to `onEvent`, several at a time, each in a transaction of its own. */
export async function handleConcurrently(
  run: BatchTry,
  onEvent: OnEvent,
  jobs: JobRunner,
): Promise<number> {
  const { work, batch } = run;
  const { definition, stopping, rateLimit } = work;
  let handled = 0;
  await jobs.begin(batch);
  for await (const chunk of readBatch(work.control, batch.eventsSql, definition.maxEvents)) {
    const done = await jobs.doneOf(
      batch,
      chunk.map(({ id }) => id),
    );
    for (const event of chunk) {
      const selected = done.has(event.id) ? null : selectEvent(run, event);
      if (selected === null) continue;
      await rateLimit?.takeUnless(stopping);
      if (stopping.aborted) return await giveBack(run, jobs);
      await jobs.start(run, onEvent, selected);
      handled += 1;
    }
  }
  await jobs.settle(run, definition.leaseMs);
  return handled;
}

async function giveBack(run: BatchTry, jobs: JobRunner): Promise<never> {
  await jobs.settle(run, undefined);
  await jobs.giveBack();
  throw new GivenBack();
}
