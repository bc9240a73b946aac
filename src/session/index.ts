export { createSlot, dropSlot, identifySystem } from './replication-commands.ts';
export {
  describeConnection,
  parseConnection,
  parseSide,
  Secret,
  targetSessionAttrs,
  tlsModes,
} from './target/index.ts';
export { buildTlsOptions } from './tls-options.ts';
export { createPgClient, createPgPool } from './pg-client.ts';
export { Session } from './session.ts';
export { untilAborted } from './until-aborted.ts';
export { quoteIdentifier, quoteLiteral } from './quote.ts';

export type { Asides } from './asides.ts';
export type { ConnectOptions } from './connected.ts';
export type { CopyIn } from './copy-in.ts';
export type { TakeRun } from './copy-out.ts';
export type { PgPoolOptions } from './pg-client.ts';
export type { QueryResult, QueryValue } from './run-query.ts';
export type { ReplicationBlock } from './replication-block.ts';
export type { CreatedSlot, SlotOptions, SystemIdentity } from './replication-commands.ts';
export type {
  ConfirmedPosition,
  ReplicationOptions,
  ReplicationStream,
} from './replication-stream.ts';
export type {
  ConnectionTarget,
  Environment,
  TargetHost,
  TargetSessionAttrs,
  TlsMode,
  TlsTarget,
} from './target/index.ts';
