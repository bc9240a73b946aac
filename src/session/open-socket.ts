import { connect, type Socket } from 'node:net';
import { SluiceError } from '../errors/index.ts';
import type { Address } from './addresses.ts';
import type { Deadline } from './deadline.ts';
import type { Keepalive } from './target/index.ts';

/** A connected socket, not yet read from. */
export async function openSocket(
  address: Address,
  place: string,
  keepalive: Keepalive | null,
  deadline: Deadline,
): Promise<Socket> {
  deadline.signal.throwIfAborted();
  const socket = connect(
    'path' in address
      ? { path: address.path }
      : {
          host: address.ip,
          port: address.port,
          noDelay: true,
        },
  );
  if (keepalive !== null && !('path' in address)) {
    const { idleMs, intervalMs, count } = keepalive;
    socket.setKeepAlive({ enable: true, initialDelay: idleMs, interval: intervalMs, count });
  }
  // It may break while nobody reads from it; whoever does next asks checkOpen.
  socket.on('error', ignoreLater);
  using _ = deadline.guard(socket);
  await opened(socket, 'connect', place);
  return socket;
}

/** Events of the past are not repeated: to be asked before waiting for one. @throws SESSION_CONNECT */
export function checkOpen(socket: Socket, place: string): void {
  if (!socket.destroyed) return;
  throw asConnectError(socket.errored ?? new Error('the server closed the connection'), place);
}

/** Waits for a socket's first good event; a socket that fails before it is destroyed. */
export async function opened(
  socket: Socket,
  event: 'connect' | 'secureConnect',
  place: string,
): Promise<void> {
  checkOpen(socket, place);
  const { promise, resolve, reject } = Promise.withResolvers<void>();
  const onClose = (): void => reject(new Error('the server closed the connection'));
  socket.once(event, resolve);
  socket.once('error', reject);
  socket.once('close', onClose);
  try {
    await promise;
  } catch (cause) {
    socket.destroy();
    throw asConnectError(cause, place);
  } finally {
    socket.off(event, resolve);
    socket.off('error', reject);
    socket.off('close', onClose);
  }
}

function ignoreLater(): void {
  // kept in socket.errored
}

/** A socket's error as ours; what the caller's signal or our deadline gave as reason stays. */
export function asConnectError(cause: unknown, place: string): Error {
  if (cause instanceof SluiceError || (cause instanceof Error && cause.name === 'AbortError')) {
    return cause;
  }
  const reason = cause instanceof Error ? cause.message : String(cause);
  return new SluiceError('SESSION_CONNECT', { place, reason }, { cause });
}
