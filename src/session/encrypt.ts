import type { Socket } from 'node:net';
import { connect as connectTls, type TLSSocket } from 'node:tls';
import { isSluiceError, SluiceError } from '../errors/index.ts';
import { EncryptionAnswer, MessageWriter } from '../wire/index.ts';
import type { Deadline } from './deadline.ts';
import { asConnectError, checkOpen, opened } from './open-socket.ts';
import type { TargetHost, TlsTarget } from './target/index.ts';
import { buildTlsOptions } from './tls-options.ts';

/**
 * Turns a fresh socket into an encrypted one.
 *
 * @returns null when the server has no TLS; the socket may then go on in clear
 * @throws SESSION_TLS  the handshake failed, or somebody tampered with its beginning
 */
export async function encrypt(
  socket: Socket,
  { host, place }: { host: TargetHost; place: string },
  tls: TlsTarget,
  deadline: Deadline,
): Promise<TLSSocket | null> {
  const options = await buildTlsOptions(tls, host);
  checkOpen(socket, place);
  using _ = deadline.guard(socket);
  if (tls.negotiation === 'postgres') {
    const accepted = await askForTls(socket, place);
    if (!accepted) return null;
  }
  const encrypted = startTls(socket, options, place);
  try {
    await opened(encrypted, 'secureConnect', place);
  } catch (error) {
    throw asTlsError(error, place, tls.negotiation);
  }
  checkProtocol(encrypted, tls, place);
  return encrypted;
}

function startTls(
  socket: Socket,
  options: Awaited<ReturnType<typeof buildTlsOptions>>,
  place: string,
): TLSSocket {
  try {
    const encrypted = connectTls({ ...options, socket });
    encrypted.on('error', () => undefined); // as openSocket does
    return encrypted;
  } catch (cause) {
    // A certificate or key file that does not hold one.
    socket.destroy();
    const reason = cause instanceof Error ? cause.message : String(cause);
    throw new SluiceError('SESSION_TLS', { place, reason }, { cause });
  }
}

/** The server's one byte, before anything is encrypted. */
async function askForTls(socket: Socket, place: string): Promise<boolean> {
  const first = firstChunk(socket, place);
  socket.write(new MessageWriter().sslRequest().take());
  const chunk = await first;
  // More than one byte now would be read as if it had come encrypted: somebody in between put it there.
  if (chunk.length !== 1) throw refused(socket, place, 'the answer to SSLRequest is not one byte');
  switch (chunk[0]) {
    case EncryptionAnswer.accepted:
      return true;
    case EncryptionAnswer.refused:
      return false;
    default:
      // An ErrorResponse here is nobody's: unauthenticated text is not shown.
      throw refused(socket, place, 'the server answers SSLRequest with an error');
  }
}

async function firstChunk(socket: Socket, place: string): Promise<Buffer> {
  const { promise, resolve, reject } = Promise.withResolvers<Buffer>();
  const onClose = (): void => reject(new Error('the server closed the connection'));
  const onData = (chunk: Buffer): void => {
    socket.pause();
    resolve(chunk);
  };
  socket.once('data', onData);
  socket.once('error', reject);
  socket.once('close', onClose);
  socket.once('end', onClose);
  try {
    return await promise;
  } catch (cause) {
    socket.destroy();
    throw asConnectError(cause, place);
  } finally {
    socket.off('data', onData);
    socket.off('error', reject);
    socket.off('close', onClose);
    socket.off('end', onClose);
  }
}

/** Without ALPN, what answers a direct handshake may speak another protocol altogether. */
function checkProtocol(socket: TLSSocket, tls: TlsTarget, place: string): void {
  if (tls.negotiation === 'postgres' || socket.alpnProtocol === 'postgresql') return;
  throw refused(socket, place, 'the server does not agree to the protocol "postgresql" (ALPN)');
}

function refused(socket: Socket, place: string, reason: string): SluiceError {
  socket.destroy();
  return new SluiceError('SESSION_TLS', { place, reason });
}

/**
 * A connection that just breaks off is the network's or a dying server's doing, and may be tried again;
 * an older server breaks off a direct handshake, too.
 */
function asTlsError(error: unknown, place: string, negotiation: TlsTarget['negotiation']): unknown {
  if (!isSluiceError(error, 'SESSION_CONNECT')) return error;
  const { cause } = error;
  const isBroken = !(cause instanceof Error) || !('code' in cause) || isNetworkCode(cause.code);
  if (isBroken && negotiation === 'postgres') return error;
  const reason = cause instanceof Error ? cause.message : String(cause);
  return new SluiceError('SESSION_TLS', { place, reason }, { cause });
}

function isNetworkCode(code: unknown): boolean {
  return code === 'ECONNRESET' || code === 'EPIPE' || code === 'ETIMEDOUT';
}
