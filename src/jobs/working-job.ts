import { systemClock, toJson, WorkingService } from '../service/index.ts';
import { Connections } from './connections.ts';
import type { Job, JobDeps, JobPlan, JobStatus } from './job.ts';
import { Statistics } from './statistics.ts';

/** The settings of every job that does its work itself. */
export interface WorkingConfig {
  readonly kind: string;
  readonly stats_period: number;
  readonly connection_lifetime: number;
}

/** How soon a change of what a job says of itself is told. */
const tellMs = 1000;

/** What every job has: connections that end with it, statistics told on the period, and its trouble. */
export abstract class WorkingJob<Config extends WorkingConfig>
  extends WorkingService
  implements Job
{
  protected readonly plan: JobPlan<Config>;
  protected readonly deps: JobDeps;
  protected readonly statistics: Statistics;
  protected readonly connections: Connections;
  #trouble: string | undefined;
  #told = '';

  constructor(plan: JobPlan<Config>, deps: JobDeps) {
    const { name, config } = plan;
    super(`job ${name}`);
    this.plan = plan;
    this.deps = { ...deps, log: deps.log.child({ job: name }) };
    this.statistics = new Statistics(name, this.deps);
    this.connections = new Connections({
      connectionOf: (database) => plan.connectionOf(database),
      job: name,
      lifetimeMs: config.connection_lifetime * 1000,
      clock: deps.clock,
    });
  }

  get trouble(): string | undefined {
    return this.#trouble;
  }

  protected set trouble(why: string | undefined) {
    this.#trouble = why;
  }

  status(): JobStatus {
    const { name, config } = this.plan;
    const { totals } = this.statistics;
    return { job: name, kind: config.kind, totals, trouble: this.#trouble ?? null };
  }

  /** The work proper; it returns early when the signal aborts. */
  protected abstract run(signal: AbortSignal): Promise<void>;

  protected override async work(signal: AbortSignal, becomeReady: () => void): Promise<void> {
    const { clock = systemClock } = this.deps;
    this.#tell();
    const stopReports = clock.every(this.plan.config.stats_period * 1000, () => this.report());
    const stopTelling = clock.every(tellMs, () => this.#tell());
    try {
      becomeReady();
      await this.run(signal);
    } finally {
      stopReports();
      stopTelling();
      this.report();
      await this.connections.close();
    }
  }

  /** Tells what was done since the last time. */
  protected report(): void {
    if (this.statistics.flush()) this.#tell();
  }

  #tell(): void {
    const status = this.status();
    const said = toJson(status);
    if (said === this.#told) return;
    this.#told = said;
    this.deps.onStatus?.(status);
  }
}
