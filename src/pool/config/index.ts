export type {
  AuthType,
  DatabaseEntry,
  LoadBalanceHosts,
  PeerEntry,
  PoolerConfig,
  PoolMode,
  PoolSettings,
  SslMode,
  TargetSessionAttrs,
  UserEntry,
} from './types.ts';
