export { checkedParts, checkPool } from './check.ts';
export { isRunning } from './check-files.ts';
export { poolFindingSpecs } from './check-findings.ts';
export { Consoles, Statistics, versionText } from './console/index.ts';
export { ConsoleGate } from './console-gate.ts';
export { Janitor } from './janitor.ts';
export { isAnswering, Listener } from './listener.ts';
export {
  configGroups,
  configKeys,
  convertToToml,
  databaseConfigKeys,
  loadPgbouncerIni,
  peerConfigKeys,
  poolConfigFromToml,
  poolSchema,
  userConfigKeys,
} from './config/index.ts';
export { poolMetrics } from './metrics.ts';
export { Operations } from './operations.ts';
export { PoolGate } from './pool-gate.ts';
export { PoolService } from './pool-service.ts';
export { Pooler } from './pooler.ts';
export { Predecessor } from './takeover/predecessor.ts';

export type {
  ConfigKey,
  EntryConfigKey,
  PoolerConfig,
  PoolSection,
  PoolSettings,
  SectionOptions,
} from './config/index.ts';
export type { LegOwner } from './leg.ts';
export type { OperationsHost, ShutdownMode } from './operations.ts';
export type { PoolServiceOptions } from './pool-service.ts';
export type { DatabaseStatus, PoolStatus } from './pool-status.ts';
export type { Route, RoutedRequest } from './route.ts';
export type { Launch } from './takeover/launch.ts';
export type { ProcessParts } from './takeover/handover.ts';
