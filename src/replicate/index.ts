export { checkReplication } from './check/index.ts';
export { dropReplication } from './drop.ts';
export { defaultName, Replication } from './replication.ts';
export { readReplicationStatus } from './status.ts';

export type { DropReport } from './drop.ts';
export type { ReplicationOptions } from './options.ts';
export type { ReplicationDeps } from './replication.ts';
export type { Phase, ReplicationStatus } from './standing.ts';
export type { PipelineReport } from './status.ts';
