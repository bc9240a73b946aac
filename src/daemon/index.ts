export { partChecks, sinkChecks } from './checks.ts';
export { configSchema } from './config.ts';
export { defaultConfigFile, loadConfig, parseConfig } from './config-file.ts';
export { describeExpected, findProblems } from './config-problems.ts';
export { Daemon } from './daemon.ts';
export { jobParts, planOfJob, reloadingJobPart } from './parts/jobs.ts';
export { loadPoolConfig, poolParts } from './parts/pool.ts';
export { queuePart, queueParts } from './parts/queue.ts';
export {
  feedOptions,
  feedPart,
  isFeed,
  pipelineOptions,
  replicateParts,
  replicatePart,
  replicationOptions,
} from './parts/replicate.ts';

export type { PartCheck } from './checks.ts';
export type { Config } from './config.ts';
export type { LoadedConfig } from './config-file.ts';
export type { DaemonOptions, DaemonStatus } from './daemon.ts';
export type { Part, PartDeps, PartService } from './part.ts';
export type { PartState, PartStatus } from './supervised-part.ts';
export type { OnMade } from './parts/replicate.ts';
export type { PoolPartOptions } from './parts/pool.ts';
