export { applyReload, applySet } from './set.ts';
export { configKeys } from './config-keys.ts';
export { configRows } from './rows.ts';
export { loadPgbouncerIni } from './load-ini.ts';
export { readTlsProtocols } from './keys/tls.ts';

export type { ConfigKey } from './config-keys.ts';
export type { ConfigRow } from './rows.ts';
export type {
  AuthType,
  DatabaseEntry,
  DatabaseTls,
  LoadBalanceHosts,
  PeerEntry,
  PoolerConfig,
  PoolMode,
  PoolSettings,
  SslMode,
  TargetSessionAttrs,
  UserEntry,
} from './types.ts';
