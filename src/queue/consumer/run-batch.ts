import { asError, Backoff, decisionOf, defaultBackoff } from '../../service/index.ts';
import type { Batch } from './batch-feed.ts';
import { claimTransaction } from './consumer-lock.ts';
import { HandlerFailure } from './handler-call.ts';
import { GivenBack, handleConcurrently } from './handle-concurrently.ts';
import { handleEvents } from './handle-events.ts';
import { handleTogether } from './handle-together.ts';
import { judgeAgain } from './judge-again.ts';
import { Verdicts, type SetAside } from './verdicts.ts';
import type { BatchResult, BatchTry, Work } from './work.ts';

/** What passes by itself gets as many tries as an event; for the rest a second one tells chance from poison. */
const triesOfWhole = 2;

/**
 * Handles a batch until it is finished. A batch whose handler throws is repeated; when it goes on throwing, it is
 * handled in pieces, to set aside what it throws about.
 *
 * @returns null when the batch was given back, or another one is due in its place
 * @throws what keeps us from working; never what a handler threw about its events
 */
export async function runBatch(work: Work, batch: Batch): Promise<BatchResult | null> {
  const { placement, control, definition } = work;
  const verdicts = new Verdicts(definition.retry, work.hasDeadLetters);
  const state = await placement.look(batch, control, work.handlers);
  if (state === 'moved') return null;
  if (state === 'done') {
    const judge = judgeAgain(work, batch, verdicts);
    await placement.tellDone(batch, control, work.handlers, judge);
    return countResult(0, verdicts.list);
  }
  const backoff = new Backoff(defaultBackoff);
  const refusedPieces = new Set<string>();
  let failure: HandlerFailure | null = null;
  for (let attempt = 1; ; attempt++) {
    if (attempt > 1 && !(await claimTransaction(work))) return null;
    try {
      const run = { work, batch, verdicts, attempt, refusedPieces };
      const events = await handle(run, mayBeWhole(work, failure, attempt));
      const aside = await placement.complete(batch, verdicts.list, control, work.handlers);
      work.jobs?.finished(batch.queue);
      work.keys?.finished(verdicts.list, aside);
      return countResult(events, aside);
    } catch (error) {
      await takeBack(work, error);
      if (error instanceof GivenBack) return null;
      if (!(error instanceof HandlerFailure)) throw error;
      failure = error;
    }
    if (!(await waitToRepeat(work, batch, failure, backoff))) return null;
  }
}

/** @returns how many events were handled */
function handle(run: BatchTry, mayBeWhole: boolean): Promise<number> {
  const { definition, jobs } = run.work;
  const { onBatch, onEvent } = definition;
  if (onBatch !== undefined) return handleTogether(run, onBatch, mayBeWhole);
  if (onEvent !== undefined) {
    return jobs === null ? handleEvents(run, onEvent) : handleConcurrently(run, onEvent, jobs);
  }
  throw new TypeError('a consumer without a handler');
}

function mayBeWhole(work: Work, failure: HandlerFailure | null, attempt: number): boolean {
  if (failure === null || work.definition.onFailure === 'hold') return true;
  const decision = decisionOf(failure.cause);
  const passes = decision === 'retry' || decision === 'reconnect';
  return attempt <= (passes ? work.definition.retry.attempts : triesOfWhole);
}

/** A connection that a handler may still use, or that is broken, is not used again. */
async function takeBack(work: Work, error: unknown): Promise<void> {
  const { handlers, placement } = work;
  const isRunning = error instanceof HandlerFailure && error.isRunning;
  if (isRunning) {
    await handlers.end();
    work.handlers = placement.openClient();
    await work.handlers.connect();
  } else if (handlers.isInTransaction && !(await handlers.isLost())) {
    await handlers.own.query('ROLLBACK');
  }
}

/** False when the batch is given back instead. */
async function waitToRepeat(
  work: Work,
  batch: Batch,
  failure: HandlerFailure,
  backoff: Backoff,
): Promise<boolean> {
  const delayMs = backoff.nextDelayMs();
  work.log.warn('a batch is repeated: its handler failed', {
    queue: batch.queue,
    batch: batch.id,
    attempt: backoff.attempt,
    delayMs,
    error: failure.cause,
  });
  if (work.stopping.aborted) return false;
  try {
    await work.clock.sleep(delayMs, work.stopping);
    return true;
  } catch (error) {
    if (work.stopping.aborted) return false;
    throw asError(error);
  }
}

function countResult(events: number, list: readonly SetAside[]): BatchResult {
  return {
    events,
    retried: list.filter(({ as }) => as === 'retry').length,
    dead: list.filter(({ as }) => as === 'dead').length,
  };
}
