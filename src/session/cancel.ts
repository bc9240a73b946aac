import type { Socket } from 'node:net';
import { SluiceError } from '../errors/index.ts';
import { MessageWriter } from '../wire/index.ts';
import type { Connected } from './connected.ts';
import { Deadline } from './deadline.ts';
import { encrypt } from './encrypt.ts';
import { openSocket } from './open-socket.ts';
import type { ConnectionTarget } from './target/index.ts';

/** A server that does not take a cancel request in this time will not take it at all. */
const cancelTimeoutMs = 10_000;

/**
 * Asks the server to cancel what a session is doing, over a connection of its own, encrypted when the
 * session is. Returns when the server has taken the request; whether there was anything to cancel is
 * seen in the session's replies only.
 */
export async function sendCancel(target: ConnectionTarget, connected: Connected): Promise<void> {
  const { host, address, key, isEncrypted } = connected;
  const { place } = connected.link;
  const makeError = (): Error =>
    new SluiceError('SESSION_CONNECT_TIMEOUT', { place, timeoutMs: cancelTimeoutMs });
  using deadline = new Deadline(cancelTimeoutMs, makeError, undefined);
  const plain = await openSocket(address, place, null, deadline);
  const socket = isEncrypted ? await encrypt(plain, { host, place }, target.tls, deadline) : plain;
  if (socket === null) {
    plain.destroy();
    throw new SluiceError('SESSION_TLS', { place, reason: 'the server no longer supports TLS' });
  }
  using _ = deadline.guard(socket);
  await sendAndWait(socket, new MessageWriter().cancelRequest(key.pid, key.key).take());
  deadline.signal.throwIfAborted();
}

/** The server hangs up as soon as it has read the request; a reset is as good as an end. */
async function sendAndWait(socket: Socket, request: Buffer): Promise<void> {
  const { promise, resolve } = Promise.withResolvers<void>();
  socket.on('error', () => resolve());
  socket.once('close', () => resolve());
  socket.resume();
  socket.end(request);
  await promise;
}
