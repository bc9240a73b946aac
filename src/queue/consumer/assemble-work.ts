import { randomBytes } from 'node:crypto';
import { hostname } from 'node:os';
import type { Clock } from '../../service/index.ts';
import type { Session } from '../../session/index.ts';
import { AsideClient } from './aside-client.ts';
import type { BatchFeed } from './batch-feed.ts';
import type { ConsumerDefinition } from './definition.ts';
import { trackedAs } from './placement/choose-placement.ts';
import type { HandlerClient } from './handler-client.ts';
import { Jobs } from './jobs.ts';
import { KeyGate } from './key-gate.ts';
import { Leases } from './leases.ts';
import { payloadReader } from './payload.ts';
import type { Placement } from './placement/placement.ts';
import { ProgressReports } from './progress-reports.ts';
import { RateLimit } from './rate-limit.ts';
import type { RunConsumerOptions, RunDeps } from './run-options.ts';
import { Slots } from './slots.ts';
import { TargetUpkeep } from './target-upkeep.ts';
import { EventTracking } from './tracking.ts';
import type { Work } from './work.ts';

/** What a database has of what consumers can use. */
export interface Features {
  readonly hasDeadLetters: boolean;
  /** Sluice's own schema: leases and progress. */
  readonly isOurs: boolean;
  /** Hands out several ticks as one batch. */
  readonly canJoin: boolean;
  readonly mayTick: boolean;
}

export interface WorkDeps extends RunDeps {
  /** What runs is given back. */
  readonly givingUp: AbortSignal;
}

/** What is connected already, and what it is for. */
export interface WorkParts {
  readonly definition: ConsumerDefinition;
  readonly options: RunConsumerOptions;
  readonly features: Features;
  readonly control: Session;
  readonly feed: BatchFeed;
  readonly handlers: HandlerClient;
  readonly placement: Placement;
  readonly deps: WorkDeps;
}

/** A server that is gone without a word never answers. */
const giveBackMs = 2000;

/** Whether each event has a transaction of its own, instead of all of a batch having one. */
export function handlesSideBySide(definition: ConsumerDefinition): boolean {
  const { concurrency, leaseMs, onEvent, rateLimit, kind } = definition;
  // Waiting for the rate limit would keep a transaction of the whole batch open.
  const waits = rateLimit !== undefined && onEvent !== undefined;
  const mayTrack = kind === 'local' || kind === 'remote';
  return concurrency > 1 || leaseMs !== undefined || (waits && mayTrack);
}

export function assembleWork(parts: WorkParts): Work {
  const { definition, options, features, control, feed, handlers, placement, deps } = parts;
  const { name: consumer, orderedBy, rateLimit, leaseMs } = definition;
  const worker = `${hostname()} ${process.pid} ${randomBytes(3).toString('hex')}`;
  const aside = new AsideClient(options.db, `consumer ${consumer} aside`, options.listen === false);
  const names = { consumer, worker };
  const leases = leaseMs === undefined ? null : new Leases(aside, { ...names, leaseMs }, deps);
  const progress = features.isOurs ? new ProgressReports(aside, names, deps) : null;
  const slots = new Slots(definition.concurrency, () => placement.openClient());
  const tracker = placement.openClient();
  const tracking = new EventTracking(tracker, {
    consumer,
    subconsumers: trackedAs(definition),
    isElsewhere: options.target !== undefined,
  });
  const jobs = new Jobs({ slots, tracking, leases, aside });
  const work: Work = {
    ...deps,
    definition,
    placement,
    control,
    feed,
    handlers,
    hasDeadLetters: features.hasDeadLetters,
    mayTick: features.mayTick,
    readPayload: payloadReader(definition.schema, definition.otherTypes),
    rateLimit: rateLimit === undefined ? null : new RateLimit(rateLimit, deps.clock),
    keys: orderedBy === undefined ? null : new KeyGate(orderedBy, () => deps.clock.monotonicMs()),
    jobs: handlesSideBySide(definition) ? jobs : null,
    leases,
    progress,
    worker,
    isPolling: options.listen === false,
    targetUpkeep: options.target === undefined ? null : new TargetUpkeep(deps),
    end: async () => {
      progress?.close();
      // Given back as far as the connections still go; the rest comes again when its lease ends.
      const givingBack = Promise.allSettled([jobs.giveBack(), leases?.giveBack()]);
      await withinTime(givingBack, deps.clock);
      await Promise.all([slots.end(), tracker.end(), aside.end()]);
      for (const result of await givingBack) {
        if (result.status === 'fulfilled') continue;
        deps.log.warn('what was held could not be given back', { error: result.reason });
      }
      await Promise.all([work.handlers.end(), control.close()]);
    },
  };
  return work;
}

async function withinTime(work: Promise<unknown>, clock: Clock): Promise<void> {
  const patience = new AbortController();
  const timeUp = clock.sleep(giveBackMs, patience.signal).catch(() => undefined);
  await Promise.race([work, timeUp]);
  patience.abort();
}
