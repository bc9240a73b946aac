import { join } from 'node:path';
import { SluiceError } from '../../errors/index.ts';
import {
  authMethods,
  channelBindings,
  protocolChoices,
  spokenMethods,
  targetSessionAttrs,
  tlsModes,
  tlsVersions,
} from './connection-target.ts';
import type {
  Keepalive,
  AuthMethod,
  ConnectionTarget,
  RequiredAuth,
  TlsTarget,
  TlsVersion,
} from './connection-target.ts';
import { defaultUser } from './defaults.ts';
import { homeFolder, type Environment } from './environment.ts';
import { keywords, type Given } from './keywords.ts';
import { Secret } from './secret.ts';
import { readHosts } from './target-hosts.ts';
import { Values } from './values.ts';

/** Without connect_timeout libpq waits for ever; a daemon must not hang on a server that says nothing. */
const defaultConnectTimeoutS = 30;

/** Before the kernel's two hours, and before most firewalls forget an idle connection. */
const defaultKeepaliveIdleS = 30;

/** Gives every keyword its meaning. */
export function buildTarget(given: Given, env: Environment, origin: string): ConnectionTarget {
  const values = new Values(given, origin);
  refuseGssEncryption(values);
  const user = values.text('user') ?? defaultUser(env);
  const password = values.text('password');
  return {
    hosts: readHosts(values),
    user,
    database: values.text('dbname') ?? user,
    password: password === null ? null : new Secret(password),
    passwordFile: values.text('passfile') ?? join(homeFolder(env), '.pgpass'),
    applicationName: values.text('application_name'),
    options: values.text('options'),
    connectTimeoutMs:
      Math.max(values.integer('connect_timeout') ?? defaultConnectTimeoutS, 0) * 1000,
    keepalive: readKeepalive(values),
    targetSessionAttrs: values.choice('target_session_attrs', targetSessionAttrs, 'any'),
    loadBalanceHosts:
      values.choice('load_balance_hosts', ['disable', 'random'], 'disable') === 'random',
    channelBinding: values.choice('channel_binding', channelBindings, 'prefer'),
    requireAuth: readRequiredAuth(values),
    ...readProtocols(values),
    tls: readTls(values, env),
    withoutEffect: [...given.keys()].filter((name) => keywords[name].effect === 'none').toSorted(),
  };
}

/** `prefer`, the default elsewhere, means "without, if it cannot be had". */
function refuseGssEncryption(values: Values): void {
  const mode = values.choice('gssencmode', ['disable', 'prefer', 'require'], 'prefer');
  if (mode !== 'require') return;
  throw new SluiceError('SESSION_UNSUPPORTED', {
    origin: values.originOf('gssencmode'),
    what: 'gssencmode=require',
    instead: 'encrypt by TLS: sslmode=verify-full',
  });
}

function readKeepalive(values: Values): Keepalive | null {
  if (values.integer('keepalives') === 0) return null;
  const idle = values.integer('keepalives_idle') ?? 0;
  return {
    // libpq leaves it to the system, which means two hours.
    idleMs: (idle > 0 ? idle : defaultKeepaliveIdleS) * 1000,
    intervalMs: Math.max(0, values.integer('keepalives_interval') ?? 0) * 1000,
    count: Math.max(0, values.integer('keepalives_count') ?? 0),
  };
}

function readProtocols(values: Values): Pick<ConnectionTarget, 'minProtocol' | 'maxProtocol'> {
  const choices = [...protocolChoices, 'latest'] as const;
  const least = values.choice('min_protocol_version', choices, '3.0');
  const minProtocol = least === 'latest' ? '3.2' : least;
  // 3.0 unless asked: what stands between us and servers does not always know 3.2.
  const most = values.choice('max_protocol_version', choices, minProtocol);
  const maxProtocol = most === 'latest' ? '3.2' : most;
  if (maxProtocol < minProtocol)
    throw values.bad('max_protocol_version', `at least ${minProtocol}`);
  return { minProtocol, maxProtocol };
}

/** `scram-sha-256,none`, or with `!` before each, everything but those. */
function readRequiredAuth(values: Values): RequiredAuth | null {
  const names = values.list('require_auth').map((name) => name.trim());
  if (names.length === 0) return null;
  const isNegated = names.every((name) => name.startsWith('!'));
  if (!isNegated && names.some((name) => name.startsWith('!'))) {
    throw values.bad('require_auth', '"!" before all methods or before none');
  }
  const listed = new Set(names.map((name) => toAuthMethod(values, name.replace('!', ''))));
  const allowed = authMethods.filter((method) => listed.has(method) !== isNegated);
  if (!spokenMethods.some((method) => allowed.includes(method))) {
    throw new SluiceError('SESSION_UNSUPPORTED', {
      origin: values.originOf('require_auth'),
      what: `require_auth=${names.join(',')}`,
      instead: `allow one of ${spokenMethods.join(', ')}, here and in pg_hba.conf`,
    });
  }
  return { allowed: new Set(allowed) };
}

function toAuthMethod(values: Values, name: string): AuthMethod {
  const method = authMethods.find((known) => known === name);
  if (method === undefined) throw values.bad('require_auth', `a list of ${authMethods.join(', ')}`);
  return method;
}

function readTls(values: Values, env: Environment): TlsTarget {
  const keyPassword = values.text('sslpassword');
  const rootCert = values.text('sslrootcert');
  const isSystem = rootCert === 'system';
  const mode = values.choice('sslmode', tlsModes, isSystem ? 'verify-full' : 'prefer');
  if (isSystem && mode !== 'verify-full') {
    throw values.bad('sslmode', 'verify-full: sslrootcert=system trusts every public authority');
  }
  const negotiation = values.choice('sslnegotiation', ['postgres', 'direct'], 'postgres');
  if (negotiation === 'direct' && (mode === 'disable' || mode === 'allow' || mode === 'prefer')) {
    throw values.bad('sslmode', 'require, verify-ca or verify-full with sslnegotiation=direct');
  }
  return {
    mode,
    negotiation,
    rootCert,
    cert: values.text('sslcert'),
    key: values.text('sslkey'),
    keyPassword: keyPassword === null ? null : new Secret(keyPassword),
    certMode: values.choice('sslcertmode', ['disable', 'allow', 'require'], 'allow'),
    crl: values.text('sslcrl'),
    crlFolder: values.text('sslcrldir'),
    sendServerName: values.flag('sslsni', true),
    ...readTlsVersions(values),
    folder: join(homeFolder(env), '.postgresql'),
  };
}

function readTlsVersions(values: Values): Pick<TlsTarget, 'minVersion' | 'maxVersion'> {
  const minVersion = values.choice('ssl_min_protocol_version', tlsVersions, 'TLSv1.2');
  const isLimited = values.text('ssl_max_protocol_version') !== null;
  const maxVersion: TlsVersion | null = isLimited
    ? values.choice('ssl_max_protocol_version', tlsVersions, 'TLSv1.3')
    : null;
  if (maxVersion !== null && maxVersion < minVersion) {
    throw values.bad('ssl_max_protocol_version', `at least ${minVersion}`);
  }
  return { minVersion, maxVersion };
}
