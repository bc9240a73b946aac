import { failpoint } from '../../service/index.ts';
import type { AsideClient } from './aside-client.ts';
import type { Batch } from './batch-feed.ts';
import { callHandler } from './call-handler.ts';
import type { OnEvent } from './definition.ts';
import type { AnyEvent } from './event.ts';
import { HandlerFailure } from './handler-call.ts';
import type { Leases } from './leases.ts';
import type { Slot, Slots } from './slots.ts';
import type { EventTracking } from './tracking.ts';
import type { BatchTry, JobRunner } from './work.ts';

/** Events whose handlers run side by side, each in a transaction of its own. */
export interface JobsParts {
  readonly slots: Slots;
  readonly tracking: EventTracking;
  readonly leases: Leases | null;
  readonly aside: AsideClient;
}

interface Job {
  readonly event: AnyEvent;
  readonly key: string | null;
  /** `open` may still leave its batch. */
  phase: 'open' | 'acknowledging' | 'over';
  /** It has left its batch; resolves when that is committed. */
  left: PromiseWithResolvers<void> | null;
  /** Never rejects: what is wrong with us is in `broken`. */
  over: Promise<void>;
}

/**
 *     waiting for its key -> in a slot -> handler -> done, recorded in its transaction
 *                                      |          -> done, written nothing: acknowledged with the batch
 *                                      |          -> failed: set aside with the batch
 *                                      still running when the batch is otherwise done: leaves it with a lease, which
 *                                      its own end, or failure, ends
 */
export class Jobs implements JobRunner {
  readonly #parts: JobsParts;
  readonly #open = new Set<Job>();
  readonly #lastOfKey = new Map<string, Job>();
  readonly #waiting = new Set<(error: unknown) => void>();
  /** What is wrong with us, and not with an event. */
  #broken: { readonly error: unknown } | null = null;
  #leaving: Job[] = [];
  /** Of the open batch: handled, and recorded nowhere yet. */
  #acknowledged: bigint[] = [];
  #batch: Batch | null = null;

  constructor(parts: JobsParts) {
    this.#parts = parts;
  }

  async begin(batch: Batch): Promise<void> {
    this.#batch = batch;
    this.#acknowledged = [];
    this.#leaving = [];
    await this.#parts.tracking.begin(batch);
  }

  doneOf(batch: Batch, eventIds: readonly bigint[]): Promise<ReadonlySet<bigint>> {
    return this.#parts.tracking.doneOf(batch, eventIds);
  }

  async start(run: BatchTry, onEvent: OnEvent, event: AnyEvent): Promise<void> {
    const key = run.work.keys?.keyOf(event) ?? null;
    const before = key === null ? undefined : this.#lastOfKey.get(key);
    const slot = before === undefined ? await this.#orBroken(this.#parts.slots.take()) : null;
    while (this.#open.size > run.work.definition.maxEvents) await this.#oneOver();
    const job: Job = { event, key, phase: 'open', left: null, over: Promise.resolve() };
    this.#open.add(job);
    if (key !== null) this.#lastOfKey.set(key, job);
    job.over = this.#follow(run, onEvent, job, { before, slot });
  }

  async settle(run: BatchTry, leaseMs: number | undefined): Promise<void> {
    const jobs = [...this.#open].filter(({ left }) => left === null);
    const all = Promise.all(jobs.map(({ over }) => over));
    if (leaseMs === undefined || this.#parts.leases === null) {
      await this.#orBroken(all);
      return;
    }
    const patience = new AbortController();
    const time = run.work.clock.sleep(leaseMs, patience.signal).catch(() => undefined);
    await this.#orBroken(Promise.race([all, time]));
    patience.abort();
    for (const job of jobs) if (job.phase === 'open') this.#leave(run, job, leaseMs);
    await this.#orBroken(Promise.all(jobs.filter(isAcknowledging).map(({ over }) => over)));
  }

  finished(queue: string): void {
    for (const { event, left, phase } of this.#leaving) {
      if (phase !== 'over') this.#parts.leases?.hold(queue, event.id);
      left?.resolve();
    }
    this.#batch = null;
  }

  async giveBack(): Promise<void> {
    if (this.#batch === null) return;
    await this.#parts.tracking.recordAll(this.#batch, this.#acknowledged);
    this.#acknowledged = [];
  }

  async idle(): Promise<void> {
    await this.#orBroken(Promise.all([...this.#open].map(({ over }) => over)));
  }

  async #follow(
    run: BatchTry,
    onEvent: OnEvent,
    job: Job,
    place: { readonly before: Job | undefined; readonly slot: Slot | null },
  ): Promise<void> {
    try {
      await place.before?.over;
      const isHeldBack = this.#isHeldBack(run, job);
      if (!isHeldBack) await this.#occupy(run, onEvent, job, place.slot);
      else if (place.slot !== null) this.#parts.slots.give(place.slot);
    } catch (error) {
      this.#broken ??= { error };
      for (const reject of this.#waiting) reject(error);
    } finally {
      job.phase = 'over';
      this.#open.delete(job);
      if (job.key !== null && this.#lastOfKey.get(job.key) === job) this.#lastOfKey.delete(job.key);
    }
  }

  /** An event before it of the same key comes again, and so must this one, behind it. */
  #isHeldBack(run: BatchTry, job: Job): boolean {
    const { keys } = run.work;
    if (job.left !== null || job.key === null || keys === null) return false;
    return keys.holdsBack(job.key, job.event, run.verdicts);
  }

  async #occupy(run: BatchTry, onEvent: OnEvent, job: Job, taken: Slot | null): Promise<void> {
    const slot = taken ?? (await this.#parts.slots.take());
    try {
      await this.#handle(run, onEvent, job, slot);
    } finally {
      run.work.progress?.end(job.event);
      this.#parts.slots.give(slot);
    }
  }

  async #handle(run: BatchTry, onEvent: OnEvent, job: Job, slot: Slot): Promise<void> {
    const { event } = job;
    const { handlers } = slot;
    handlers.prepare('BEGIN');
    try {
      await callHandler(run, (tx, context) => onEvent(event, tx, context), { handlers, event });
      await this.#acknowledge(run, job, slot);
    } catch (error) {
      await this.#takeBack(slot, error);
      run.verdicts.failed(event, error instanceof HandlerFailure ? error.cause : error);
      logFailure(run, event, error);
    }
    const verdict = run.verdicts.get(event.id);
    const isSetAside = verdict !== undefined && verdict.as !== 'lease';
    if (job.key !== null) run.work.keys?.settle(job.key, event, isSetAside ? verdict : undefined);
    if (isSetAside && job.left !== null) {
      await job.left.promise;
      await this.#parts.leases?.fail(run.batch.queue, verdict);
    }
  }

  async #acknowledge(run: BatchTry, job: Job, { handlers }: Slot): Promise<void> {
    const { batch, verdicts } = run;
    const { event, left } = job;
    const asked = verdicts.get(event.id);
    if (asked !== undefined && asked.as !== 'lease') {
      if (handlers.isInTransaction) await handlers.own.query('ROLLBACK');
      return;
    }
    if (left === null) job.phase = 'acknowledging';
    else await left.promise;
    if (left === null && !handlers.isInTransaction) {
      this.#acknowledged.push(event.id);
      return;
    }
    const { leases, tracking, aside } = this.#parts;
    const tx = handlers.isInTransaction ? handlers.own : aside;
    await failpoint('consumer.before-event-record');
    const isOurs =
      left === null || leases === null
        ? await tracking.record(batch, event.id, tx)
        : await leases.end(batch.queue, event.id, tx);
    if (!handlers.isInTransaction) return;
    await failpoint('consumer.before-event-commit');
    await handlers.own.query(isOurs ? 'COMMIT' : 'ROLLBACK');
    await failpoint('consumer.after-event-commit');
  }

  async #takeBack(slot: Slot, error: unknown): Promise<void> {
    const isRunning = error instanceof HandlerFailure && error.isRunning;
    if (isRunning || (await slot.handlers.isLost())) await this.#parts.slots.replace(slot);
    else if (slot.handlers.isInTransaction) await slot.handlers.own.query('ROLLBACK');
  }

  #leave(run: BatchTry, job: Job, leaseMs: number): void {
    const left = Promise.withResolvers<void>();
    left.promise.catch(() => undefined);
    job.left = left;
    this.#leaving.push(job);
    run.verdicts.lease(job.event, leaseMs, run.work.worker);
  }

  #oneOver(): Promise<void> {
    return this.#orBroken(Promise.race([...this.#open].map(({ over }) => over)));
  }

  /** Rejects when a job finds something wrong with us. */
  async #orBroken<T>(promise: Promise<T>): Promise<T> {
    if (this.#broken !== null) throw this.#broken.error;
    const broken = Promise.withResolvers<never>();
    this.#waiting.add(broken.reject);
    try {
      return await Promise.race([promise, broken.promise]);
    } finally {
      this.#waiting.delete(broken.reject);
    }
  }
}

function isAcknowledging({ phase }: Job): boolean {
  return phase === 'acknowledging';
}

function logFailure(run: BatchTry, event: AnyEvent, error: unknown): void {
  run.work.log.warn('an event is set aside: its handler failed', {
    queue: run.batch.queue,
    event: event.id,
    attempt: event.retry + 1,
    as: run.verdicts.get(event.id)?.as,
    error: error instanceof HandlerFailure ? error.cause : error,
  });
}
