export { insertOnlyTables, workloadSchema, workloadTables } from './schema.ts';
export { runWorkload, workload, workloadOf } from './workload.ts';

export type { SchemaOptions, WorkloadTable } from './schema.ts';
export type { Transaction, WorkloadOptions } from './workload.ts';
