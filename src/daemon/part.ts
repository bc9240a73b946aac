import type { Clock, Finding, Log, Metrics, Progress, Service } from '../service/index.ts';

/** What every part is given: one log, one set of metrics, one progress for the whole process. */
export interface PartDeps {
  readonly log: Log;
  readonly metrics: Metrics;
  readonly progress: Progress;
  readonly clock?: Clock;
}

/** A part at work. */
export interface PartService extends Service {
  /** Resolves when it was stopped or is done; rejects with what stopped it. */
  readonly finished: Promise<void>;
  /** Why it does not do its job just now, when it is helping itself out of something. */
  readonly trouble?: string | undefined;
  /** What `/status` shows of it; called at any time between start and stop. */
  status(): unknown;
}

/** One thing sluice.toml asks to run. A capability adds its parts in `parts/`. */
export interface Part {
  /** As the file names it: `replicate.shop_to_shop2`. */
  readonly name: string;
  /** A new one for each start; secrets are read here, so that a rotated one is picked up by a restart. */
  make(deps: PartDeps): Promise<PartService>;
  /** Looks at what can be known before it starts, and changes nothing. */
  readonly check?: (signal: AbortSignal) => Promise<Finding[]>;
  /** The sink that it writes to; that one has a check of its own. */
  readonly sink?: string;
}
