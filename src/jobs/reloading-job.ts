import { Lifecycle } from '../service/index.ts';
import type { JobConfig } from './config.ts';
import type { Job, JobDeps, JobPlan, JobStatus } from './job.ts';
import { makeJob } from './make-job.ts';

type Plan = JobPlan<JobConfig>;

/** A job that begins anew with what its file says, when it is told to: after the piece of work it is at. */
export class ReloadingJob implements Job {
  readonly #reloadPlan: () => Promise<Plan>;
  readonly #deps: JobDeps;
  readonly #life: Lifecycle;
  #plan: Plan;
  #job: Job | null = null;
  #isReloading = false;
  #status: JobStatus;

  constructor(plan: Plan, reloadPlan: () => Promise<Plan>, deps: JobDeps) {
    this.#plan = plan;
    this.#reloadPlan = reloadPlan;
    this.#deps = deps;
    this.#status = { job: plan.name, kind: plan.config.kind, totals: {}, trouble: null };
    this.#life = new Lifecycle(`job ${plan.name}`, (signal, becomeReady) =>
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
    return this.#job?.trouble;
  }

  start(signal?: AbortSignal): void {
    this.#life.start(signal);
  }

  stop(): Promise<void> {
    return this.#life.stop();
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

  async #run(signal: AbortSignal, becomeReady: () => void): Promise<void> {
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
