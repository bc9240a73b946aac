export { checkReplication } from './check/index.ts';
export { compareDatabases, summarizeReport } from './compare/index.ts';
export { compareReplication } from './compare-pipeline.ts';
export { dropReplication } from './drop.ts';
export { follow, followInto } from './follow/follow.ts';
export { unchanged } from './follow/row.ts';
export { defaultName, Replication } from './replication.ts';
export { readReplicationStatus } from './status.ts';

export type { CompareDatabasesOptions, CompareReport, TableReport } from './compare/index.ts';
export type { CompareReplicationOptions } from './compare-pipeline.ts';
export type { DropReport } from './drop.ts';
export type { FollowOptions } from './follow/follow.ts';
export type { Row } from './follow/row.ts';
export type { Change, FollowedTransaction } from './follow/transaction.ts';
export type { ReplicationOptions } from './options.ts';
export type { ReplicationDeps } from './replication.ts';
export type { Phase, ReplicationStatus } from './standing.ts';
export type { PipelineReport } from './status.ts';
