import type { OnBatch } from './definition.ts';
import type { AnyEvent } from './event.ts';
import { callHandler } from './call-handler.ts';
import { HandlerFailure } from './handler-call.ts';
import { readBatch } from './read-batch.ts';
import { selectEvents } from './select-events.ts';
import { beginSql, type BatchTry } from './work.ts';

/**
 * Hands a batch's events to `onBatch`, in one transaction however many calls that takes.
 *
 * @param mayBeWhole  false looks for the events that the handler throws about, and sets them aside
 */
export async function handleTogether(
  run: BatchTry,
  onBatch: OnBatch,
  mayBeWhole: boolean,
): Promise<number> {
  const { work, batch } = run;
  const { handlers, definition } = work;
  let handled = 0;
  const begin = beginSql(work);
  if (mayBeWhole) handlers.prepare(begin);
  else if (begin !== null) await handlers.own.query(begin);
  for await (const chunk of readBatch(work.control, batch.eventsSql, definition.maxEvents)) {
    const events = selectEvents(run, chunk);
    for await (const share of allowed(run, events)) {
      if (mayBeWhole) await callWith(run, onBatch, share);
      else await findPoison(run, onBatch, share);
      handled += share.length;
    }
  }
  return handled;
}

/** As many at a time as the rate limit lets through. */
async function* allowed(run: BatchTry, events: AnyEvent[]): AsyncGenerator<AnyEvent[]> {
  const { rateLimit, givingUp } = run.work;
  if (rateLimit === null) {
    if (events.length > 0) yield events;
    return;
  }
  for (let at = 0; at < events.length;) {
    const count = await rateLimit.take(events.length - at, givingUp);
    yield events.slice(at, at + count);
    at += count;
  }
}

function callWith(run: BatchTry, onBatch: OnBatch, events: AnyEvent[]): Promise<void> {
  return callHandler(run, (tx, context) => onBatch(events, tx, context));
}

/** Halves what the handler throws about until single events are left; what it took stays done, in order. */
async function findPoison(run: BatchTry, onBatch: OnBatch, events: AnyEvent[]): Promise<void> {
  if (await takesPiece(run, onBatch, events)) return;
  if (events.length === 1) return;
  const half = Math.ceil(events.length / 2);
  await findPoison(run, onBatch, events.slice(0, half));
  await findPoison(run, onBatch, events.slice(half));
}

async function takesPiece(run: BatchTry, onBatch: OnBatch, events: AnyEvent[]): Promise<boolean> {
  const [first] = events;
  if (first === undefined) return true;
  const piece = `${first.id} ${events.length}`;
  if (run.refusedPieces.has(piece)) return false;
  const { own } = run.work.handlers;
  await own.query('SAVEPOINT piece');
  try {
    await callWith(run, onBatch, events);
  } catch (error) {
    if (!(error instanceof HandlerFailure)) throw error;
    run.refusedPieces.add(piece);
    if (events.length === 1) run.verdicts.failed(first, error.cause);
    if (error.isRunning) throw error;
    await own.query('ROLLBACK TO SAVEPOINT piece; RELEASE SAVEPOINT piece');
    return false;
  }
  await own.query('RELEASE SAVEPOINT piece');
  return true;
}
