export { AuthFile, parseAuthFile } from './auth-file.ts';
export { AuthQuery, defaultAuthQuery, readAuthRows } from './auth-query.ts';
export { AuthRules, loadAuthRules } from './auth-rules.ts';
export { ClientLogin } from './client-login.ts';
export { HbaRules, loadHba } from './hba.ts';
export { IdentMaps, loadIdent } from './ident.ts';
export { peerUid } from './peer-uid.ts';
export { isSameServerSecret, serverSecretOf } from './server-secret.ts';
export { systemGroupId, systemUserName } from './system-user.ts';

export type { RunAuthQuery } from './auth-query.ts';
export type { AuthSettings, ConsoleAccess } from './auth-rules.ts';
export type { HbaMatch, HbaMethod } from './hba.ts';
export type {
  ClientAddress,
  Credentials,
  LoginFacts,
  LoginStep,
  StoredUser,
  UserLookup,
} from './types.ts';
