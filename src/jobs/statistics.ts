import type { CounterMetric } from '../service/index.ts';
import type { JobDeps } from './job.ts';

type Counts = Record<string, number>;

/**
 * What a job counts: a line in the log for each period in which something was done, and metrics.
 *
 *     {"msg":"statistics","count":110,"duration":0.88}
 */
export class Statistics {
  readonly #job: string;
  readonly #deps: Pick<JobDeps, 'log'>;
  readonly #counted: CounterMetric<'job' | 'what'>;
  readonly #worked: CounterMetric<'job'>;
  #period: Counts = {};
  readonly #totals: Counts = {};

  constructor(job: string, deps: Pick<JobDeps, 'log' | 'metrics'>) {
    this.#job = job;
    this.#deps = deps;
    this.#counted = deps.metrics.counter({
      room: 'jobs',
      thing: 'counted',
      unit: 'rows',
      help: 'What a job has counted: events, rows and whatever else its line of statistics names.',
      labels: ['job', 'what'],
    });
    this.#worked = deps.metrics.counter({
      room: 'jobs',
      thing: 'work',
      unit: 'seconds',
      help: 'How long a job has worked: `duration` in its line of statistics.',
      labels: ['job'],
    });
  }

  get totals(): Readonly<Counts> {
    return { ...this.#totals };
  }

  add(what: string, amount = 1): void {
    this.#note(what, amount);
    this.#counted.add({ job: this.#job, what }, amount);
  }

  /** Counts the seconds that `work` takes. */
  async time<T>(work: () => Promise<T>): Promise<T> {
    const startedMs = performance.now();
    try {
      return await work();
    } finally {
      const seconds = (performance.now() - startedMs) / 1000;
      this.#note('duration', seconds);
      this.#worked.add({ job: this.#job }, seconds);
    }
  }

  /** Logs the period that ends now. False: nothing was done in it. */
  flush(): boolean {
    const counts = Object.entries(this.#period);
    if (counts.length === 0) return false;
    this.#period = {};
    this.#deps.log.info('statistics', Object.fromEntries(counts.map(roundedEntry)));
    return true;
  }

  #note(what: string, amount: number): void {
    this.#period[what] = (this.#period[what] ?? 0) + amount;
    this.#totals[what] = (this.#totals[what] ?? 0) + amount;
  }
}

function roundedEntry([what, amount]: [string, number]): [string, number] {
  return [what, Math.round(amount * 1000) / 1000];
}
