import {
  Backoff,
  decisionOf,
  defaultBackoff,
  silentLog,
  systemClock,
  type Clock,
  type Log,
} from '../../service/index.ts';
import { consumeBatches, type Totals } from './consume-batches.ts';
import type { ConsumerDefinition } from './definition.ts';
import type { RunConsumerOptions } from './run-options.ts';

/** A run that is to end does not wait longer than some 20 s for a database that is not there. */
const triesOfOnce = 8;

/**
 * Hands the events of a queue to a consumer's handler until the signal aborts, or (`once`) nothing is left. Registers
 * the consumer at its first run: it gets what is inserted from then on. While another process runs a consumer of this
 * name, waits and takes its place when it ends. A lost connection is made again.
 *
 *     await runConsumer(mailer, { db: 'postgres://...', signal });
 *
 * @returns what was done, in batches and events
 * @throws QUEUE_NOT_FOUND, QUEUE_FEATURE_MISSING, QUEUE_POSITION_LOST, or what the server refuses for good;
 *   never what a handler throws about its events
 */
export async function runConsumer(
  definition: ConsumerDefinition,
  options: RunConsumerOptions,
): Promise<Totals> {
  const stopping = options.signal ?? new AbortController().signal;
  const log = (options.log ?? silentLog).child({ consumer: definition.name });
  const clock = options.clock ?? systemClock;
  const totals: Totals = { batches: 0, events: 0, retried: 0, dead: 0 };
  const backoff = new Backoff(defaultBackoff);
  while (!stopping.aborted) {
    const batchesBefore = totals.batches;
    try {
      await consumeBatches(definition, options, { stopping, log, clock }, totals);
      break;
    } catch (error) {
      if (stopping.aborted) break;
      if (totals.batches > batchesBefore) backoff.reset();
      if (options.once === true && backoff.attempt >= triesOfOnce) throw error;
      await waitToReconnect(error, { backoff, stopping, log, clock });
    }
  }
  return totals;
}

async function waitToReconnect(
  error: unknown,
  run: { backoff: Backoff; stopping: AbortSignal; log: Log; clock: Clock },
): Promise<void> {
  const decision = decisionOf(error);
  if (decision !== 'retry' && decision !== 'reconnect') throw error;
  const delayMs = run.backoff.nextDelayMs();
  run.log.warn('the consumer begins anew', { error, delayMs });
  try {
    await run.clock.sleep(delayMs, run.stopping);
  } catch (error) {
    if (!run.stopping.aborted) throw error;
  }
}
