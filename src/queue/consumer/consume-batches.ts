import { isAbort } from '../../service/index.ts';
import { Doorbell } from '../ticker/doorbell.ts';
import type { Batch } from './batch-feed.ts';
import { claimTransaction, releaseClaim, waitForTurn } from './consumer-lock.ts';
import type { ConsumerDefinition } from './definition.ts';
import { Lanes } from './lanes.ts';
import { openWork } from './open-work.ts';
import { runBatch } from './run-batch.ts';
import type { RunConsumerOptions, RunDeps } from './run-options.ts';
import { leaveConsumer, subconsumerOf } from './subconsumer.ts';
import { takeOver } from './take-over.ts';
import { tickOnce } from './tick-once.ts';
import type { Work } from './work.ts';

/** What a run has done; grows while it goes on. */
export interface Totals {
  batches: number;
  events: number;
  /** Events that come again. */
  retried: number;
  /** Events that went to the dead letters. */
  dead: number;
}

const defaultStopWithinMs = 10_000;
const defaultPollMs = 500;

/** From one connecting to the next: returns when the run is over, throws when it must begin anew. */
export async function consumeBatches(
  definition: ConsumerDefinition,
  options: RunConsumerOptions,
  deps: RunDeps,
  totals: Totals,
): Promise<void> {
  const subconsumer = subconsumerOf(definition);
  using deadline = new StopDeadline(deps.stopping, options.stopWithinMs ?? defaultStopWithinMs);
  const givingUp = deadline.signal;
  const work = await openWork(definition, options, subconsumer, { ...deps, givingUp });
  const serving = serve(work, options, totals).then(() =>
    leaveConsumer(work.control, definition, subconsumer),
  );
  try {
    await Promise.race([serving, deadline.passed]);
  } catch (error) {
    if (!deps.stopping.aborted) throw error;
    if (!isAbort(error, deps.stopping) && !isAbort(error, givingUp)) throw error;
  } finally {
    // A handler that does not return finds its connection closed; its work is rolled back.
    serving.catch(() => undefined);
    deadline.pass();
    await work.end();
  }
}

async function serve(work: Work, options: RunConsumerOptions, totals: Totals): Promise<void> {
  const { definition, control, stopping } = work;
  await waitForTurn(work);
  for (const queue of definition.queues) {
    await work.placement.register(control, queue, work.handlers);
  }
  await takeOver(work);
  if (options.once === true) await tickOnce(work);
  const bell = new Doorbell();
  if (!work.isPolling) await listenForTicks(work, bell);
  const lanes = new Lanes(definition.queues);
  while (!stopping.aborted) {
    const batch = await nextBatch(work, lanes);
    if (batch === null) {
      if (options.once === true) break;
      await bell.wait(options.pollMs ?? defaultPollMs, stopping);
      continue;
    }
    const result = await runBatch(work, batch);
    if (result === null) continue;
    totals.batches += 1;
    totals.events += result.events;
    totals.retried += result.retried;
    totals.dead += result.dead;
    await work.targetUpkeep?.run(work.handlers);
  }
  await work.jobs?.idle();
}

async function listenForTicks({ control, definition }: Work, bell: Doorbell): Promise<void> {
  control.on('notification', ({ payload }) => {
    if (definition.queues.includes(payload)) bell.ring();
  });
  await control.query('LISTEN pgq_tick');
}

async function nextBatch(work: Work, lanes: Lanes): Promise<Batch | null> {
  if (!(await claimTransaction(work))) return null;
  for (const queue of lanes.order()) {
    const batch = await work.feed.next(work.control, queue);
    lanes.looked(queue);
    if (batch === null) continue;
    lanes.served(queue);
    return batch;
  }
  await releaseClaim(work);
  return null;
}

/** When what runs is given back: so long after the run was told to end. */
class StopDeadline {
  readonly #passed = new AbortController();
  readonly #rejection = Promise.withResolvers<never>();
  readonly #stopping: AbortSignal;
  readonly #withinMs: number;
  #timer: NodeJS.Timeout | undefined;

  constructor(stopping: AbortSignal, withinMs: number) {
    this.#stopping = stopping;
    this.#withinMs = withinMs;
    this.#rejection.promise.catch(() => undefined);
    if (stopping.aborted) this.#begin();
    else stopping.addEventListener('abort', this.#begin, { once: true });
  }

  get signal(): AbortSignal {
    return this.#passed.signal;
  }

  get passed(): Promise<never> {
    return this.#rejection.promise;
  }

  [Symbol.dispose](): void {
    clearTimeout(this.#timer);
    this.#stopping.removeEventListener('abort', this.#begin);
  }

  pass(): void {
    this.#passed.abort();
    this.#rejection.reject(this.#passed.signal.reason);
  }

  readonly #begin = (): void => {
    this.#timer = setTimeout(() => this.pass(), this.#withinMs);
  };
}
