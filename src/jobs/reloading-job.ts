import { WorkingService } from '../service/index.ts';
import type { JobConfig } from './config.ts';
import type { Job, JobDeps, JobPlan, JobStatus } from './job.ts';
import { makeJob } from './make-job.ts';

type Plan = JobPlan<JobConfig>;

/** A job that begins anew with what its file says, when it is told to: after the piece of work it is at. */
export class ReloadingJob extends WorkingService implements Job {
  readonly #reloadPlan: () => Promise<Plan>;
  readonly #deps: JobDeps;
  #plan: Plan;
  #job: Job | null = null;
  #isReloading = false;
  #status: JobStatus;

  constructor(plan: Plan, reloadPlan: () => Promise<Plan>, deps: JobDeps) {
    super(`job ${plan.name}`);
    this.#plan = plan;
    this.#reloadPlan = reloadPlan;
    this.#deps = deps;
    this.#status = { job: plan.name, kind: plan.config.kind, totals: {}, trouble: null };
  }

  get trouble(): string | undefined {
    return this.#job?.trouble;
  }

  status(): JobStatus {
    return this.#job?.status() ?? this.#status;
  }

  /** Reads the settings again. With settings that cannot be used, goes on as before. */
  async reload(): Promise<void> {
    try {
      this.#plan = await this.#reloadPlan();
    } catch (error) {
      this.#deps.log.error('the settings cannot be used: the job goes on as before', { error });
      return;
    }
    this.#isReloading = true;
    await this.#job?.stop();
    this.#deps.log.info('the settings were read again', { job: this.#plan.name });
  }

  protected override async work(signal: AbortSignal, becomeReady: () => void): Promise<void> {
    do {
      this.#isReloading = false;
      const job = makeJob(this.#plan, this.#deps);
      this.#job = job;
      job.start(signal);
      job.ready.then(becomeReady, () => undefined);
      try {
        await job.finished;
      } finally {
        await job.stop();
        this.#status = job.status();
      }
    } while (this.#isReloading && !signal.aborted);
  }
}
