export { checkJob } from './check.ts';
export { jobFindingSpecs } from './check-findings.ts';
export { databaseSettings, jobSchema, kindNames } from './config.ts';
export { loadJobIni } from './ini/load-job-ini.ts';
export { loadToolIni } from './ini/load-tool-ini.ts';
export { jobTemplate } from './job-template.ts';
export { makeJob } from './make-job.ts';
export { ReloadingJob } from './reloading-job.ts';

export type { JobConfig, JobKind } from './config.ts';
export type { LoadedIni } from './ini/load-job-ini.ts';
export type { Job, JobDeps, JobPlan, JobStatus } from './job.ts';
