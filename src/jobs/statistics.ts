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
  #period: Counts = {};
  readonly #totals: Counts = {};

  constructor(job: string, deps: Pick<JobDeps, 'log' | 'metrics'>) {
    this.#job = job;
    this.#deps = deps;
    this.#counted = deps.metrics.counter({
      room: 'jobs',
      thing: 'counted',
      unit: 'rows',
      help: 'What a job has counted: events, rows and whatever else its line of statistics names, seconds of work too.',
      labels: ['job', 'what'],
    });
  }

  get totals(): Readonly<Counts> {
    return { ...this.#totals };
  }

  add(what: string, amount = 1): void {
    this.#period[what] = (this.#period[what] ?? 0) + amount;
    this.#totals[what] = (this.#totals[what] ?? 0) + amount;
    this.#counted.add({ job: this.#job, what }, amount);
  }

  /** Counts the seconds that `work` takes. */
  async time<T>(work: () => Promise<T>): Promise<T> {
    const startedMs = performance.now();
    try {
      return await work();
    } finally {
      this.add('duration', (performance.now() - startedMs) / 1000);
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
}

function roundedEntry([what, amount]: [string, number]): [string, number] {
  return [what, Math.round(amount * 1000) / 1000];
}
