import { callHandler } from './call-handler.ts';
import type { OnEvent } from './definition.ts';
import type { AnyEvent } from './event.ts';
import { HandlerFailure } from './handler-call.ts';
import { readBatch } from './read-batch.ts';
import type { BatchTry } from './work.ts';
import { selectEvent } from './select-events.ts';

/**
 * Hands a batch's events to `onEvent` one by one, all in the transaction that finishes the batch. What one that fails
 * has written is taken back alone: a savepoint is set when the handler sends its first query.
 */
export async function handleEvents(run: BatchTry, onEvent: OnEvent): Promise<number> {
  const { work, batch } = run;
  const { handlers, rateLimit, givingUp } = work;
  let handled = 0;
  // A transaction that holds the consumer's lock is open already.
  if (handlers.isInTransaction) await handlers.own.query('SAVEPOINT event');
  for await (const chunk of readBatch(work.control, batch.eventsSql, work.definition.maxEvents)) {
    for (const event of chunk) {
      const selected = selectEvent(run, event);
      if (selected === null) continue;
      if (rateLimit !== null) await rateLimit.take(1, givingUp);
      await handleEvent(run, onEvent, selected);
      handled += 1;
    }
  }
  return handled;
}

async function handleEvent(run: BatchTry, onEvent: OnEvent, event: AnyEvent): Promise<void> {
  const { handlers, keys, progress } = run.work;
  const key = keys?.keyOf(event) ?? null;
  if (keys !== null && key !== null && keys.holdsBack(key, event, run.verdicts)) return;
  handlers.prepare(savepointFor(run));
  try {
    await callHandler(run, (tx, context) => onEvent(event, tx, context), {
      handlers,
      event,
    });
  } catch (error) {
    if (!(error instanceof HandlerFailure) || run.work.definition.onFailure === 'hold') throw error;
    const { as } = run.verdicts.failed(event, error.cause);
    logFailure(run, event, error, as);
    if (error.isRunning) throw error;
    if (handlers.wasUsed) await handlers.own.query('ROLLBACK TO SAVEPOINT event');
  } finally {
    progress?.end(event);
  }
  if (keys !== null && key !== null) keys.settle(key, event, run.verdicts.get(event.id));
}

function savepointFor(run: BatchTry): string {
  const { handlers, placement } = run.work;
  return handlers.isInTransaction
    ? 'RELEASE SAVEPOINT event; SAVEPOINT event'
    : `${placement.beginSql}; SAVEPOINT event`;
}

function logFailure(run: BatchTry, event: AnyEvent, error: HandlerFailure, as: string): void {
  run.work.log.warn('an event is set aside: its handler failed', {
    queue: run.batch.queue,
    event: event.id,
    attempt: event.retry + 1,
    as,
    error: error.cause,
  });
}
