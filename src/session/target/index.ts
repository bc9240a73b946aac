export { describeConnection, describePlace, describeServer } from './describe-connection.ts';
export type { ConnectionSide } from './describe-connection.ts';
export { findPassword } from './password-file.ts';
export { parseConnection, parseSide } from './parse-connection.ts';
export { isSocketHost } from './target-hosts.ts';
export { Secret } from './secret.ts';
export { spokenMethods, targetSessionAttrs, tlsModes } from './connection-target.ts';
export { socketFolders, socketPath } from './defaults.ts';

export type {
  AuthMethod,
  ChannelBinding,
  ConnectionTarget,
  Keepalive,
  ProtocolChoice,
  RequiredAuth,
  TargetHost,
  TargetSessionAttrs,
  TlsMode,
  TlsTarget,
  TlsVersion,
} from './connection-target.ts';
export type { Environment } from './environment.ts';
