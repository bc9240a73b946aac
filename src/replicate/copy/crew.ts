import { isSluiceError } from '../../errors/index.ts';
import { asError, Backoff, decisionOf, systemClock } from '../../service/index.ts';
import type { Clock, Log } from '../../service/index.ts';
import { Lane, type LaneOptions } from './lane.ts';
import type { Task, WorkQueue } from './work-queue.ts';

export interface CrewOptions extends Omit<LaneOptions, 'signal'> {
  readonly log: Log;
  readonly signal: AbortSignal;
  readonly clock?: Clock | undefined;
}

/**
 * Works through a queue with `jobs` workers. A task whose connection breaks, or that met something else
 * that may pass, is done again, as often as it takes: what is copied so far is worth waiting for. Any other
 * error ends all of them.
 *
 * @throws the first such error, or the signal's reason
 */
export async function workThrough(queue: WorkQueue<Lane>, options: CrewOptions): Promise<void> {
  const failed = new AbortController();
  const signal = AbortSignal.any([options.signal, failed.signal]);
  const stop = (): void => queue.end();
  signal.addEventListener('abort', stop, { once: true });
  const workers = Array.from({ length: Math.max(1, options.jobs) }, async () => {
    const lane = new Lane({ ...options, signal });
    try {
      for (let task = await queue.take(); task !== null; task = await queue.take()) {
        await untilDone(task, lane, { ...options, signal });
        queue.finished();
      }
    } catch (error) {
      failed.abort(error);
      queue.end(); // of a signal that had aborted before, nobody is told
    } finally {
      await lane.close();
    }
  });
  await Promise.all(workers);
  signal.removeEventListener('abort', stop);
  if (signal.aborted) throw asError(signal.reason);
}

/** For work that comes before the queue. */
export async function onOneLane<T>(
  options: CrewOptions,
  what: string,
  run: (lane: Lane) => Promise<T>,
): Promise<T> {
  const lane = new Lane(options);
  const results: T[] = [];
  try {
    const task = { what, run: async () => void results.push(await run(lane)) };
    await untilDone(task, lane, options);
  } finally {
    await lane.close();
  }
  return results[0]!;
}

async function untilDone(task: Task<Lane>, lane: Lane, options: CrewOptions): Promise<void> {
  const { signal, log, clock = systemClock } = options;
  const backoff = new Backoff();
  for (let attempt = 1; ; attempt++) {
    if (signal.aborted) throw asError(signal.reason);
    try {
      return await task.run(lane, attempt);
    } catch (error) {
      lane.discard();
      if (signal.aborted) throw asError(signal.reason);
      if (!mayPass(error)) throw error;
      const delayMs = backoff.nextDelayMs();
      log.warn(`${task.what} failed and is done again`, { error, attempt, delayMs });
      await clock.sleep(delayMs, signal);
    }
  }
}

function mayPass(error: unknown): boolean {
  // They ask the caller to come again, with another snapshot.
  if (isSluiceError(error, 'COPY_SNAPSHOT_LOST')) return false;
  if (isSluiceError(error, 'COPY_SOURCE_REWRITTEN')) return false;
  const decision = decisionOf(error);
  return decision === 'retry' || decision === 'reconnect';
}
