import type { Clock, Log, Metrics, Progress, Service } from '../service/index.ts';

/** What a job says of itself, and what `sluice jobs status` shows. */
export interface JobStatus {
  readonly job: string;
  readonly kind: string;
  /** What it has counted since its start. */
  readonly totals: Readonly<Record<string, number>>;
  /** Why its work does not get on just now. */
  readonly trouble: string | null;
}

/** A job at work: what may pass is tried again, anything else ends it (`finished` rejects). */
export interface Job extends Service {
  readonly finished: Promise<void>;
  readonly trouble?: string | undefined;
  status(): JobStatus;
}

export interface JobDeps {
  readonly log: Log;
  readonly metrics: Metrics;
  readonly progress: Progress;
  readonly clock?: Clock;
  /** Told at the start, and soon after a change. */
  readonly onStatus?: (status: JobStatus) => void;
}

/** What a job is to be made of. */
export interface JobPlan<Config> {
  readonly name: string;
  readonly config: Config;
  /** What a setting that names a database stands for. */
  connectionOf(database: string): Promise<string>;
  /** End when nothing is left to do. */
  readonly once: boolean;
}
