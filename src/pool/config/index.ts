export { applyReload, applySet } from './set.ts';
export {
  configGroups,
  configKeys,
  databaseConfigKeys,
  peerConfigKeys,
  userConfigKeys,
} from './config-keys.ts';
export { configRows } from './rows.ts';
export { convertToToml } from './to-toml.ts';
export { loadPgbouncerIni } from './load-ini.ts';
export { poolConfigFromToml } from './from-section.ts';
export { poolSchema } from './section.ts';
export { readTlsProtocols } from './keys/tls.ts';

export type { ConfigKey, EntryConfigKey } from './config-keys.ts';
export type { ConfigRow } from './rows.ts';
export type { PoolSection } from './section.ts';
export type { SectionOptions } from './from-section.ts';
export type {
  AuthType,
  DatabaseEntry,
  DatabaseTls,
  LoadBalanceHosts,
  PeerEntry,
  PoolerConfig,
  PoolMode,
  PoolSettings,
  UserEntry,
} from './types.ts';
