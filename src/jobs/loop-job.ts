import {
  asError,
  Backoff,
  decisionOf,
  isAbort,
  recordError,
  systemClock,
} from '../service/index.ts';
import type { Connections } from './connections.ts';
import type { JobDeps, JobPlan } from './job.ts';
import type { Statistics } from './statistics.ts';
import { WorkingJob, type WorkingConfig } from './working-job.ts';

export interface LoopConfig extends WorkingConfig {
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
export class LoopJob extends WorkingJob<LoopConfig> {
  readonly #work: LoopWork;

  constructor(plan: JobPlan<LoopConfig>, makeWork: (tools: LoopTools) => LoopWork, deps: JobDeps) {
    super(plan, deps);
    const { connections, statistics } = this;
    this.#work = makeWork({ connections, statistics, deps: this.deps });
  }

  protected override async run(signal: AbortSignal): Promise<void> {
    const { config, once } = this.plan;
    const { clock = systemClock } = this.deps;
    const backoff = new Backoff();
    while (!signal.aborted) {
      try {
        await this.statistics.time(() => this.#work(signal));
        this.trouble = undefined;
        backoff.reset();
      } catch (error) {
        await this.#afterError(asError(error), backoff, signal);
        continue;
      }
      this.report();
      if (once || config.loop_delay === undefined) return;
      await this.connections.close();
      await clock.sleep(config.loop_delay * 1000, signal);
    }
  }

  /** @throws what needs a person */
  async #afterError(error: Error, backoff: Backoff, signal: AbortSignal): Promise<void> {
    const decision = this.connections.hasLost ? 'reconnect' : decisionOf(error);
    await this.connections.close();
    if (isAbort(error, signal)) throw error;
    if (decision !== 'retry' && decision !== 'reconnect') throw error;
    const delayMs = backoff.nextDelayMs();
    this.trouble = recordError(error).message;
    this.deps.log.warn('the job begins anew', { error, delayMs });
    const { clock = systemClock } = this.deps;
    await clock.sleep(delayMs, signal);
  }
}
