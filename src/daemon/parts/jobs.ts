import { makeJob, type JobConfig, type JobPlan, type JobStatus } from '../../jobs/index.ts';
import type { LoadedConfig } from '../config-file.ts';
import type { Part } from '../part.ts';

/** Every `[jobs.NAME]` as a part. */
export function jobParts(config: LoadedConfig): Part[] {
  return Object.keys(config.jobs).map((name) => jobPart(planOfJob(config, name, false)));
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

/** One job as a part. */
export function jobPart(
  plan: JobPlan<JobConfig>,
  onStatistics?: (status: JobStatus) => void,
): Part {
  return {
    name: `jobs.${plan.name}`,
    make: async (deps) =>
      makeJob(plan, { ...deps, ...(onStatistics !== undefined && { onStatistics }) }),
  };
}
