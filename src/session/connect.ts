import type { Socket } from 'node:net';
import { TLSSocket } from 'node:tls';
import { isSluiceError, ServerError, SluiceError } from '../errors/index.ts';
import { Authenticator, type AuthenticationMethod, type BackendKeyData } from '../wire/index.ts';
import { findAddresses, type Address } from './addresses.ts';
import { Deadline } from './deadline.ts';
import { encrypt } from './encrypt.ts';
import { Link } from './link.ts';
import { checkOpen, openSocket } from './open-socket.ts';
import { findServerPassword } from './server-password.ts';
import { checkSessionAttributes } from './session-attributes.ts';
import { buildSettings, transactionTimeout, type SettingsOptions } from './settings.ts';
import { enforceSettings, serverVersionOf } from './enforce-settings.ts';
import { startUp } from './startup.ts';
import { describePlace } from './target/index.ts';
import type { ConnectionTarget, TargetHost, TargetSessionAttrs } from './target/index.ts';

export interface ConnectOptions extends SettingsOptions {
  readonly signal?: AbortSignal | undefined;
}

/** A session that is ready for its first query, and what it takes to reach the same server again. */
export interface Connected {
  readonly link: Link;
  readonly key: BackendKeyData;
  readonly serverVersion: number;
  readonly host: TargetHost;
  readonly address: Address;
  readonly isEncrypted: boolean;
}

/** One try at one address. */
interface Attempt {
  readonly target: ConnectionTarget;
  readonly options: ConnectOptions;
  readonly host: TargetHost;
  readonly address: Address;
  readonly deadline: Deadline;
  readonly wanted: TargetSessionAttrs;
}

type Encryption = 'clear' | 'tls' | 'tls-if-offered';

/**
 * Connects to the first host of the target that answers and is of the kind asked for.
 *
 * A host that cannot be reached, or is starting or stopping, makes room for the next; one that refuses
 * us ends the search, as everywhere in PostgreSQL.
 *
 * @throws the only host's error; SESSION_NO_HOST with all of them as cause when there are several
 */
export async function connect(
  target: ConnectionTarget,
  options: ConnectOptions,
): Promise<Connected> {
  const hosts = target.loadBalanceHosts ? shuffle(target.hosts) : target.hosts;
  const failures: Error[] = [];
  for (const wanted of rounds(target.targetSessionAttrs)) {
    for (const host of hosts) {
      const found = await tryHost(target, options, host, wanted, failures);
      if (found !== null) return found;
    }
  }
  const [first, ...others] = failures;
  if (first !== undefined && others.length === 0) throw first;
  throw new SluiceError(
    'SESSION_NO_HOST',
    {
      wanted: target.targetSessionAttrs,
      reasons: [...new Set(failures.map((failure) => failure.message))].join(' | '),
    },
    { cause: new AggregateError(failures) },
  );
}

/** `prefer-standby` looks for a standby everywhere before it takes what it gets. */
function rounds(attrs: TargetSessionAttrs): TargetSessionAttrs[] {
  return attrs === 'prefer-standby' ? ['standby', 'any'] : [attrs];
}

/** Null after adding the reason to `failures`, when the next host may be tried. */
async function tryHost(
  target: ConnectionTarget,
  options: ConnectOptions,
  host: TargetHost,
  wanted: TargetSessionAttrs,
  failures: Error[],
): Promise<Connected | null> {
  let addresses: Address[];
  try {
    using deadline = connectDeadline(target, host, options);
    addresses = await findAddresses(host, deadline);
  } catch (error) {
    if (!mayTryNext(error, options)) throw error;
    failures.push(error);
    return null;
  }
  for (const address of target.loadBalanceHosts ? shuffle(addresses) : addresses) {
    try {
      using deadline = connectDeadline(target, host, options);
      return await inTime(
        deadline,
        tryEncryptions({ target, options, host, address, deadline, wanted }),
      );
    } catch (error) {
      if (!mayTryNext(error, options)) throw error;
      failures.push(error);
    }
  }
  return null;
}

function connectDeadline(
  target: ConnectionTarget,
  host: TargetHost,
  options: ConnectOptions,
): Deadline {
  const { connectTimeoutMs } = target;
  const makeError = (): Error =>
    new SluiceError('SESSION_CONNECT_TIMEOUT', {
      place: describePlace(host),
      timeoutMs: connectTimeoutMs,
    });
  return new Deadline(connectTimeoutMs, makeError, options.signal);
}

/** When the time is up, what it broke off says so in many ways. */
async function inTime<T>(deadline: Deadline, work: Promise<T>): Promise<T> {
  try {
    return await work;
  } catch (error) {
    deadline.signal.throwIfAborted();
    throw error;
  }
}

/** Not reached, not ready, or not of the kind asked for: another host may serve. */
function mayTryNext(error: unknown, options: ConnectOptions): error is Error {
  if (options.signal?.aborted === true) return false;
  if (error instanceof ServerError) return error.sqlstate.startsWith('57P');
  return (
    isSluiceError(error, 'SESSION_CONNECT') ||
    isSluiceError(error, 'SESSION_CONNECT_TIMEOUT') ||
    isSluiceError(error, 'SESSION_LOST') ||
    isSluiceError(error, 'SESSION_WRONG_KIND')
  );
}

/** The ways of sslmode, in its order. */
function encryptionsFor({ target, address }: Attempt): readonly Encryption[] {
  if ('path' in address) return ['clear'];
  switch (target.tls.mode) {
    case 'disable':
      return ['clear'];
    case 'allow':
      return ['clear', 'tls'];
    case 'prefer':
      return ['tls-if-offered', 'clear'];
    default:
      return ['tls'];
  }
}

async function tryEncryptions(attempt: Attempt): Promise<Connected> {
  let earlier: unknown = null;
  for (const encryption of encryptionsFor(attempt)) {
    try {
      return await trySettings(attempt, encryption);
    } catch (error) {
      if (!mayDependOnEncryption(error)) throw error;
      // Both refused by pg_hba.conf: the first refusal is of the better connection.
      earlier = earlier === null || !isRefusedByRules(error) ? error : earlier;
    }
  }
  throw earlier;
}

function mayDependOnEncryption(error: unknown): boolean {
  return isSluiceError(error, 'SESSION_TLS') || isRefusedByRules(error);
}

/** SQLSTATE 28000: no line of pg_hba.conf lets this kind of connection in. */
function isRefusedByRules(error: unknown): boolean {
  return error instanceof ServerError && error.sqlstate === '28000';
}

/**
 * A hostile transaction_timeout may strike while the session starts. Which servers have the setting is
 * known only once one has struck, so only then is it part of the startup message.
 */
async function trySettings(attempt: Attempt, encryption: Encryption): Promise<Connected> {
  try {
    return await tryOnce(attempt, encryption);
  } catch (error) {
    if (!(error instanceof ServerError) || error.sqlstate !== '25P04') throw error;
    const settings = { [transactionTimeout.name]: '0', ...attempt.options.settings };
    return await tryOnce({ ...attempt, options: { ...attempt.options, settings } }, encryption);
  }
}

async function tryOnce(attempt: Attempt, encryption: Encryption): Promise<Connected> {
  const { target, options, host, address, deadline } = attempt;
  const place = describePlace(host);
  const socket = await openSocketFor(attempt, encryption, place);
  checkOpen(socket, place);
  const link = new Link(socket, place);
  using _ = deadline.onAbort((reason) => link.fail(reason));
  const settings = buildSettings(target, options);
  try {
    const password = findServerPassword(target, host);
    const key = await password.explain(
      startUp(link, {
        parameters: settings.startup,
        authenticator: new Authenticator({
          user: target.user,
          password: password.text,
          channelBinding: target.channelBinding,
          isTls: socket instanceof TLSSocket,
          serverCertificate: serverCertificate(socket),
          ...allowedMethods(target),
        }),
        minProtocol: target.minProtocol,
        maxProtocol: target.maxProtocol,
      }),
    );
    checkSessionAttributes(link, attempt.wanted);
    await enforceSettings(link, settings, options);
    const serverVersion = serverVersionOf(link);
    return { link, key, serverVersion, host, address, isEncrypted: socket instanceof TLSSocket };
  } catch (error) {
    link.fail(error);
    await link.closed;
    throw error;
  }
}

async function openSocketFor(
  { target, host, address, deadline }: Attempt,
  encryption: Encryption,
  place: string,
): Promise<Socket> {
  const socket = await openSocket(address, place, target.keepaliveIdleMs, deadline);
  if (encryption === 'clear') return socket;
  const encrypted = await encryptOrDestroy(socket, host, target.tls, deadline);
  if (encrypted !== null) return encrypted;
  if (encryption === 'tls-if-offered') return socket;
  socket.destroy();
  throw new SluiceError('SESSION_TLS', { place, reason: 'the server does not support TLS' });
}

async function encryptOrDestroy(
  ...[socket, host, tls, deadline]: Parameters<typeof encrypt>
): ReturnType<typeof encrypt> {
  try {
    return await encrypt(socket, host, tls, deadline);
  } catch (error) {
    socket.destroy();
    throw error;
  }
}

function serverCertificate(socket: Socket): Buffer | null {
  return socket instanceof TLSSocket ? (socket.getPeerX509Certificate()?.raw ?? null) : null;
}

function allowedMethods(target: ConnectionTarget): {
  allowedMethods?: ReadonlySet<AuthenticationMethod>;
} {
  if (target.requireAuth === null) return {};
  const spoken: AuthenticationMethod[] = ['none', 'password', 'md5', 'scram-sha-256'];
  const { allowed } = target.requireAuth;
  return { allowedMethods: new Set(spoken.filter((method) => allowed.has(method))) };
}

/** Fisher-Yates. */
function shuffle<T>(items: readonly T[]): T[] {
  const left = [...items];
  const shuffled: T[] = [];
  while (left.length > 0) {
    shuffled.push(...left.splice(Math.floor(Math.random() * left.length), 1));
  }
  return shuffled;
}
