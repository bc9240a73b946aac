import {
  checkJob,
  makeJob,
  ReloadingJob,
  type JobConfig,
  type JobPlan,
  type JobStatus,
} from '../../jobs/index.ts';
import type { LoadedConfig } from '../config-file.ts';
import type { Part } from '../part.ts';

/** Every `[jobs.NAME]` as a part. */
export function jobParts(config: LoadedConfig): Part[] {
  return Object.keys(config.jobs).map((name) => {
    const plan = planOfJob(config, name, false);
    return {
      name: `jobs.${name}`,
      make: async (deps) => makeJob(plan, deps),
      check: (signal) => checkJob(plan, signal),
    };
  });
}

/** What `[jobs.NAME]` asks for. */
export function planOfJob(config: LoadedConfig, name: string, once: boolean): JobPlan<JobConfig> {
  return {
    name,
    config: config.jobs[name]!,
    connectionOf: async (database) => (await config.connectionOf(database)).reveal(),
    once,
  };
}

export interface ReloadingJobOptions {
  /** What its file says now. */
  readonly reload: () => Promise<JobPlan<JobConfig>>;
  readonly onMade: (job: ReloadingJob) => void;
  readonly onStatus?: ((status: JobStatus) => void) | undefined;
}

/** One job as a part, which can be told to read its settings again. */
export function reloadingJobPart(plan: JobPlan<JobConfig>, options: ReloadingJobOptions): Part {
  const { reload, onMade, onStatus } = options;
  return {
    name: `jobs.${plan.name}`,
    make: (deps) => {
      const withStatus = { ...deps, ...(onStatus !== undefined && { onStatus }) };
      const job = new ReloadingJob(plan, reload, withStatus);
      onMade(job);
      return Promise.resolve(job);
    },
  };
}
