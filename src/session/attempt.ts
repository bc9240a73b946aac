import type { Socket } from 'node:net';
import { TLSSocket } from 'node:tls';
import { isSluiceError, ServerError, SluiceError } from '../errors/index.ts';
import { Authenticator, type AuthenticationMethod } from '../wire/index.ts';
import type { Address } from './addresses.ts';
import type { Connected, ConnectOptions } from './connected.ts';
import type { Deadline } from './deadline.ts';
import { encrypt } from './encrypt.ts';
import { enforceSettings, serverVersionOf } from './enforce-settings.ts';
import { Link } from './link.ts';
import { checkOpen, openSocket } from './open-socket.ts';
import { findServerPassword } from './server-password.ts';
import { checkSessionAttributes } from './session-attributes.ts';
import { buildSettings, transactionTimeout } from './settings.ts';
import { startUp } from './startup.ts';
import { describeServer, spokenMethods } from './target/index.ts';
import type { ConnectionTarget, TargetHost, TargetSessionAttrs } from './target/index.ts';

/** One try at one address. */
export interface Attempt {
  readonly target: ConnectionTarget;
  readonly options: ConnectOptions;
  readonly host: TargetHost;
  readonly address: Address;
  readonly deadline: Deadline;
  readonly wanted: TargetSessionAttrs;
}

type Encryption = 'clear' | 'tls' | 'tls-if-offered';

/** Connects and logs in, encrypted or not as sslmode says. */
export async function tryAddress(attempt: Attempt): Promise<Connected> {
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
  const place = describeServer(target, host, options.side);
  const socket = await openSocketFor(attempt, encryption, place);
  checkOpen(socket, place);
  const link = new Link(socket, place);
  using _ = deadline.onAbort((reason) => link.fail(reason));
  const settings = buildSettings(target, options);
  try {
    const password = findServerPassword(target, host, place);
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
    throw refusedByPooler(error, place) ?? error;
  }
}

/** A pooler in between takes only the settings that it knows. */
function refusedByPooler(error: unknown, place: string): SluiceError | null {
  if (!(error instanceof ServerError) || error.sqlstate !== '08P01') return null;
  const [, names] = /^unsupported startup parameters?: (.*)/.exec(error.fields.message ?? '') ?? [];
  if (names === undefined) return null;
  return new SluiceError('SESSION_SETTINGS', { place, names }, { cause: error });
}

async function openSocketFor(
  { target, host, address, deadline }: Attempt,
  encryption: Encryption,
  place: string,
): Promise<Socket> {
  const socket = await openSocket(address, place, target.keepalive, deadline);
  if (encryption === 'clear') return socket;
  const encrypted = await encryptOrDestroy(socket, { host, place }, target.tls, deadline);
  if (encrypted !== null) return encrypted;
  if (encryption === 'tls-if-offered') return socket;
  socket.destroy();
  throw new SluiceError('SESSION_TLS', { place, reason: 'the server does not support TLS' });
}

async function encryptOrDestroy(
  ...[socket, server, tls, deadline]: Parameters<typeof encrypt>
): ReturnType<typeof encrypt> {
  try {
    return await encrypt(socket, server, tls, deadline);
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
  const { allowed } = target.requireAuth;
  return { allowedMethods: new Set(spokenMethods.filter((method) => allowed.has(method))) };
}
