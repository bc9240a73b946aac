import type { OnEvent } from './definition.ts';
import type { QueueEvent } from './event.ts';
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
      if (done.has(event.id)) {
        passBy(run, event);
        continue;
      }
      const selected = selectEvent(run, event);
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

/** An earlier try of the batch has handled it: those behind it need not wait for it. */
function passBy({ work }: BatchTry, event: QueueEvent): void {
  const reading = work.keys === null ? null : work.readPayload(event);
  if (reading?.kind !== 'event') return;
  const key = work.keys?.keyOf(reading.event) ?? null;
  if (key !== null) work.keys?.settle(key, reading.event, undefined);
}

async function giveBack(run: BatchTry, jobs: JobRunner): Promise<never> {
  await jobs.settle(run, undefined);
  await jobs.giveBack();
  throw new GivenBack();
}
