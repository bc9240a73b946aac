import {
  asError,
  Backoff,
  decisionOf,
  isAbort,
  Lifecycle,
  recordError,
  systemClock,
} from '../service/index.ts';
import { Connections } from './connections.ts';
import type { Job, JobDeps, JobPlan, JobStatus } from './job.ts';
import { Statistics } from './statistics.ts';

export interface LoopConfig {
  readonly kind: string;
  readonly stats_period: number;
  readonly connection_lifetime: number;
  /** Without it the job ends after its work. */
  readonly loop_delay?: number | undefined;
}

export interface LoopTools {
  readonly connections: Connections;
  readonly statistics: Statistics;
  readonly deps: JobDeps;
}

/** Does all that there is to do, and ends early when the signal aborts. */
export type LoopWork = (signal: AbortSignal) => Promise<void>;

/** A job that does its work, sleeps, and does it again. What may pass is tried again, with new connections. */
export class LoopJob implements Job {
  readonly #plan: JobPlan<LoopConfig>;
  readonly #deps: JobDeps;
  readonly #work: LoopWork;
  readonly #statistics: Statistics;
  readonly #connections: Connections;
  readonly #life: Lifecycle;
  #trouble: string | undefined;

  constructor(plan: JobPlan<LoopConfig>, makeWork: (tools: LoopTools) => LoopWork, deps: JobDeps) {
    const { name, config } = plan;
    this.#plan = plan;
    this.#deps = { ...deps, log: deps.log.child({ job: name }) };
    this.#statistics = new Statistics(name, this.#deps);
    this.#connections = new Connections({
      connectionOf: (database) => plan.connectionOf(database),
      job: name,
      lifetimeMs: config.connection_lifetime * 1000,
      clock: deps.clock,
    });
    this.#work = makeWork({
      connections: this.#connections,
      statistics: this.#statistics,
      deps: this.#deps,
    });
    this.#life = new Lifecycle(`job ${name}`, (signal, becomeReady) =>
      this.#run(signal, becomeReady),
    );
  }

  get ready(): Promise<void> {
    return this.#life.ready;
  }

  get finished(): Promise<void> {
    return this.#life.finished;
  }

  get trouble(): string | undefined {
    return this.#trouble;
  }

  start(signal?: AbortSignal): void {
    this.#life.start(signal);
  }

  stop(): Promise<void> {
    return this.#life.stop();
  }

  status(): JobStatus {
    const { name, config } = this.#plan;
    const { totals } = this.#statistics;
    return { job: name, kind: config.kind, totals, trouble: this.#trouble ?? null };
  }

  async #run(signal: AbortSignal, becomeReady: () => void): Promise<void> {
    const { clock = systemClock } = this.#deps;
    const stopReports = clock.every(this.#plan.config.stats_period * 1000, () => this.#report());
    try {
      becomeReady();
      await this.#loop(signal);
    } finally {
      stopReports();
      this.#report();
      await this.#connections.close();
    }
  }

  async #loop(signal: AbortSignal): Promise<void> {
    const { config, once } = this.#plan;
    const { clock = systemClock } = this.#deps;
    const backoff = new Backoff();
    while (!signal.aborted) {
      try {
        await this.#statistics.time(() => this.#work(signal));
        this.#trouble = undefined;
        backoff.reset();
      } catch (error) {
        await this.#afterError(asError(error), backoff, signal);
        continue;
      }
      this.#report();
      if (once || config.loop_delay === undefined) return;
      await this.#connections.close();
      await clock.sleep(config.loop_delay * 1000, signal);
    }
  }

  /** @throws what needs a person */
  async #afterError(error: Error, backoff: Backoff, signal: AbortSignal): Promise<void> {
    const decision = this.#connections.hasLost ? 'reconnect' : decisionOf(error);
    await this.#connections.close();
    if (isAbort(error, signal)) throw error;
    if (decision !== 'retry' && decision !== 'reconnect') throw error;
    const delayMs = backoff.nextDelayMs();
    this.#trouble = recordError(error).message;
    this.#deps.log.warn('the job begins anew', { error, delayMs });
    const { clock = systemClock } = this.#deps;
    await clock.sleep(delayMs, signal);
  }

  #report(): void {
    if (this.#statistics.flush()) this.#deps.onStatistics?.(this.status());
  }
}
