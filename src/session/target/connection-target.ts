import type { Secret } from './secret.ts';

/** Where and how to connect: a connection string with everything around it filled in. */
export interface ConnectionTarget {
  /** Tried in this order unless `loadBalanceHosts`. Never empty. */
  readonly hosts: readonly TargetHost[];
  readonly user: string;
  readonly database: string;
  /** Null: looked for in `passwordFile` at each connect, so that a changed file is seen. */
  readonly password: Secret | null;
  readonly passwordFile: string;
  /** What the string asks for; our sessions append it to their own name. */
  readonly applicationName: string | null;
  /** Command-line options for the server, as given; the settings our sessions depend on win over them. */
  readonly options: string | null;
  /** For each address tried, name lookup to first ReadyForQuery; 0 waits for ever. */
  readonly connectTimeoutMs: number;
  /** Null sends no TCP keepalives. */
  readonly keepalive: Keepalive | null;
  readonly targetSessionAttrs: TargetSessionAttrs;
  readonly loadBalanceHosts: boolean;
  readonly channelBinding: ChannelBinding;
  readonly requireAuth: RequiredAuth | null;
  readonly minProtocol: ProtocolChoice;
  readonly maxProtocol: ProtocolChoice;
  readonly tls: TlsTarget;
  /** Keywords that were given and mean nothing here: for people who wonder why. */
  readonly withoutEffect: readonly string[];
}

/** When a peer that is silent counts as gone. 0 is as the system has it. */
export interface Keepalive {
  /** Before the first one is sent. */
  readonly idleMs: number;
  /** Between two of them. */
  readonly intervalMs: number;
  /** Unanswered ones until the connection is given up. */
  readonly count: number;
}

export interface TargetHost {
  /** A name, an address, or the folder of a Unix socket. Empty when only `hostaddr` was given. */
  readonly host: string;
  /** The address to connect to instead of looking `host` up. */
  readonly hostaddr: string | null;
  readonly port: number;
}

export interface TlsTarget {
  readonly mode: TlsMode;
  /** `direct` starts TLS at once, without asking (PostgreSQL 17 and newer). */
  readonly negotiation: 'postgres' | 'direct';
  /** A file, `system`, or null for root.crt in `folder` when that exists. */
  readonly rootCert: string | null;
  /** Client certificate and key files; null for postgresql.crt and .key in `folder` when they exist. */
  readonly cert: string | null;
  readonly key: string | null;
  readonly keyPassword: Secret | null;
  /** Whether a client certificate is shown: never, when there is one, or one must be there. */
  readonly certMode: 'disable' | 'allow' | 'require';
  readonly crl: string | null;
  readonly crlFolder: string | null;
  /** Whether the server name is sent in clear at the start of TLS. */
  readonly sendServerName: boolean;
  readonly minVersion: TlsVersion;
  readonly maxVersion: TlsVersion | null;
  /** Where the default files are: ~/.postgresql */
  readonly folder: string;
}

export const tlsModes = [
  'disable',
  'allow',
  'prefer',
  'require',
  'verify-ca',
  'verify-full',
] as const;
export type TlsMode = (typeof tlsModes)[number];

export const targetSessionAttrs = [
  'any',
  'read-write',
  'read-only',
  'primary',
  'standby',
  'prefer-standby',
] as const;
export type TargetSessionAttrs = (typeof targetSessionAttrs)[number];

export const channelBindings = ['disable', 'prefer', 'require'] as const;
export type ChannelBinding = (typeof channelBindings)[number];

export const protocolChoices = ['3.0', '3.2'] as const;
export type ProtocolChoice = (typeof protocolChoices)[number];

export const tlsVersions = ['TLSv1', 'TLSv1.1', 'TLSv1.2', 'TLSv1.3'] as const;
export type TlsVersion = (typeof tlsVersions)[number];

export const authMethods = [
  'password',
  'md5',
  'gss',
  'sspi',
  'scram-sha-256',
  'oauth',
  'none',
] as const;
export type AuthMethod = (typeof authMethods)[number];

/** Those of them that we can answer. */
export const spokenMethods = [
  'none',
  'password',
  'md5',
  'scram-sha-256',
] as const satisfies readonly AuthMethod[];

/** Which ways of authenticating we accept from the server. */
export interface RequiredAuth {
  readonly allowed: ReadonlySet<AuthMethod>;
}
