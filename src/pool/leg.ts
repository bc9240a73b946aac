import { writeSync } from 'node:fs';
import { Socket, type Server } from 'node:net';
import { TLSSocket } from 'node:tls';
import type { MessageBuffer } from '../wire/index.ts';
import type { ClientAddress } from './auth/index.ts';
import { finishRound, writeInRound, type Writer } from './write-round.ts';

/** Who a leg belongs to. Calls come one at a time, never inside one another. */
export interface LegOwner {
  /** `bytes[0, length)` came; they are borrowed until the call returns. */
  onBytes(bytes: Buffer, length: number): void;
  /** What was written has gone to the kernel: more may be written. */
  onDrain(): void;
  /** The connection is over; once, and last. */
  onClosed(error: Error | null): void;
}

/**
 * Every socket is read into this memory: an idle connection holds none. As much as the kernel hands out
 * at once on a busy connection.
 */
const sharedRead = Buffer.allocUnsafeSlow(64 * 1024);

/** What a peer that does not read may leave unwritten before its other side is no longer read. */
const highWaterBytes = 256 * 1024;

/** Larger pieces gain nothing by being put off. */
const mostPutOffBytes = 16 * 1024;

/**
 * One socket of the pool, of a client or of a server.
 *
 * Reads end in memory that all legs share (Node's `onread`), writes go to the kernel at the end of the event loop's
 * round, past the socket's queue while that is empty. TLS sockets have no `onread`; they are streams both ways.
 */
export class Leg implements Writer {
  /**
   * Where a client came in from, as it was when it did: a socket that has been reset has no address any
   * more, and what it sent before can still be read. Null: not a client's.
   */
  readonly from: ClientAddress | null;
  #socket: Socket;
  #owner: LegOwner;
  #isPaused = false;
  #isSuspended = false;
  #isOver = false;
  #error: Error | null = null;
  /** What the socket is written by past its queue. */
  #handle: unknown = null;
  #fd = -1;
  #putOffBytes = 0;

  /** @param socket  one that `legSocket` or `listenForLegs` made, or a TLS socket */
  constructor(socket: Socket, owner: LegOwner, from: ClientAddress | null = null) {
    this.#owner = owner;
    this.from = from;
    this.#socket = socket;
    this.#attach(socket);
  }

  get socket(): Socket {
    return this.#socket;
  }

  get tlsSocket(): TLSSocket | null {
    return this.#socket instanceof TLSSocket ? this.#socket : null;
  }

  get isOpen(): boolean {
    return !this.#isOver && !this.#socket.destroyed;
  }

  /** True while more is unwritten than the other side should be allowed to add to. */
  get isFull(): boolean {
    return this.#socket.writableLength > highWaterBytes;
  }

  /** Bytes that the kernel does not have yet. */
  get unwrittenBytes(): number {
    return this.#putOffBytes + this.#socket.writableLength;
  }

  get isPaused(): boolean {
    return this.#isPaused;
  }

  handTo(owner: LegOwner): void {
    this.#owner = owner;
  }

  /** Writes everything `out` holds: what is usual at the end of this round, all else at once. */
  write(out: MessageBuffer): void {
    const { byteLength } = out;
    if (byteLength === 0) return;
    if (!this.isOpen) return out.discard();
    if (byteLength <= mostPutOffBytes && this.#isEmpty()) {
      this.#putOffBytes += byteLength;
      writeInRound(this, this.from === null ? 'server' : 'client', out);
      return out.discard();
    }
    this.#finishRound();
    const piece = out.take();
    this.#socket.write(piece);
    // Zero at once: the kernel has copied it. Otherwise the memory is the socket's until it has.
    if (this.#socket.writableLength === 0) out.reuse();
  }

  /** Writes bytes that are the leg's from now on. */
  writeOwn(bytes: Buffer): void {
    this.#finishRound();
    if (this.isOpen) this.#socket.write(bytes);
  }

  /**
   * Past the socket's queue: a call to the kernel and nothing else. What goes wrong here goes wrong again when the
   * socket writes it, which knows what to do then.
   */
  writeNow(bytes: Buffer, start: number, end: number): void {
    this.#putOffBytes -= end - start;
    if (!this.isOpen) return;
    let written = 0;
    try {
      if (this.#isEmpty()) written = writeSync(this.#fd, bytes, start, end - start);
    } catch {
      // Nearly always the peer does not read, and the kernel has no more room.
    }
    if (start + written < end) {
      this.#socket.write(Buffer.from(bytes.subarray(start + written, end)));
    }
  }

  #finishRound(): void {
    if (this.#putOffBytes > 0) finishRound();
  }

  /** Whether nothing waits in the socket's queue, so that it may be written past it. Never for TLS. */
  #isEmpty(): boolean {
    const handle = handleOf(this.#socket);
    // A socket that was closed has none, and its number may be another's by now.
    if (handle !== this.#handle) {
      this.#fd = fdOf(this.#socket, handle);
      this.#handle = this.#fd < 0 ? null : handle;
    }
    return this.#fd >= 0 && this.#socket.writableLength === 0;
  }

  pause(): void {
    if (this.#isPaused) return;
    this.#isPaused = true;
    this.#socket.pause();
  }

  resume(): void {
    if (!this.#isPaused) return;
    this.#isPaused = false;
    if (!this.#isSuspended) this.#socket.resume();
  }

  /** Not read until `unsuspend`, whatever pauses and resumes it meanwhile. */
  suspend(): void {
    this.#isSuspended = true;
    this.#socket.pause();
  }

  unsuspend(): void {
    this.#isSuspended = false;
    if (!this.#isPaused) this.#socket.resume();
  }

  /** What was written still goes out, then the connection ends. */
  end(): void {
    if (!this.isOpen) return;
    this.#finishRound();
    this.#socket.end();
    // A peer that does not hang up does not keep us, whatever it sends.
    const socket = this.#socket;
    if (lingering.has(socket)) return;
    const timer = setTimeout(() => socket.destroy(), lingerMs);
    lingering.add(socket);
    socket.once('close', () => {
      clearTimeout(timer);
      lingering.delete(socket);
    });
    socket.resume();
  }

  destroy(error?: Error): void {
    this.#finishRound();
    this.#error ??= error ?? null;
    this.#socket.destroy();
  }

  /** Goes on over TLS; the plain socket's events are the leg's no more. */
  replaceSocket(socket: TLSSocket): void {
    this.#finishRound();
    this.#detach();
    this.#socket = socket;
    this.#attach(socket);
  }

  /** Whether another process could go on with it now: nothing is encrypted, kept here, or unwritten. */
  get isMovable(): boolean {
    return this.isOpen && legReads.has(this.#socket) && this.unwrittenBytes === 0;
  }

  /**
   * Gives the connection away, unread from here on: its events are nobody's.
   *
   * @returns what another process of ours can take it by; `forget` closes it here once that one has it
   */
  release(): unknown {
    this.#socket.pause();
    this.#detach();
    this.#isOver = true;
    return handleOf(this.#socket);
  }

  /** After `release`: not shut down, only no longer this process's. */
  forget(): void {
    this.#socket.destroy();
  }

  /** Gives the bytes read last back, for TLS to read: a handshake that began without being asked for. */
  unread(bytes: Buffer): void {
    this.#detach();
    // Flowing, it would give them to nobody before TLS has looked.
    this.#socket.pause();
    this.#socket.unshift(bytes);
  }

  #attach(socket: Socket): void {
    const read = legReads.get(socket);
    if (read === undefined) socket.on('data', this.#onData);
    else read.take = (length) => this.#owner.onBytes(sharedRead, length);
    socket.on('error', this.#onError);
    socket.on('drain', this.#onDrain);
    socket.on('end', this.#onEnd);
    socket.on('close', this.#onClose);
    socket.resume();
  }

  #detach(): void {
    const socket = this.#socket;
    const read = legReads.get(socket);
    if (read !== undefined) read.take = null;
    socket.off('data', this.#onData);
    socket.off('drain', this.#onDrain);
    socket.off('end', this.#onEnd);
    socket.off('close', this.#onClose);
    // Errors are still heard: nobody else does.
  }

  readonly #onData = (chunk: Buffer): void => this.#owner.onBytes(chunk, chunk.length);

  readonly #onError = (error: Error): void => {
    this.#error ??= error;
  };

  readonly #onDrain = (): void => this.#owner.onDrain();

  readonly #onEnd = (): void => {
    this.#socket.destroy();
  };

  readonly #onClose = (): void => {
    if (this.#isOver) return;
    this.#isOver = true;
    this.#owner.onClosed(this.#error);
  };
}

/** How long a connection that we end may take for its last bytes. */
const lingerMs = 5_000;

const lingering = new Set<Socket>();

/** Connections that we have ended, and whose peers have not. What was written is the kernel's to deliver. */
export function stopLingering(): void {
  for (const socket of lingering) socket.destroySoon();
}

/** What a socket made here gives its bytes to. */
interface LegRead {
  take: ((length: number) => void) | null;
}

const legReads = new WeakMap<Socket, LegRead>();

/** `onread` for a socket that a leg will own. */
function sharedOnRead(read: LegRead) {
  return {
    buffer: sharedRead,
    callback: (length: number): boolean => {
      read.take?.(length);
      return true;
    },
  };
}

/** A socket to a server, not connected yet. */
export function legSocket(): Socket {
  const read: LegRead = { take: null };
  const socket = new Socket({ onread: sharedOnRead(read) });
  legReads.set(socket, read);
  return socket;
}

/** What Node keeps of a listening socket; not public, so its shape is checked before use. */
export interface ListeningHandle {
  onconnection: (status: number, handle: unknown) => void;
  /** @returns 0, or an error of the system's, negative */
  listen(backlog: number): number;
  close(after?: () => void): void;
}

/**
 * Hands each accepted connection to `take`, made so that it reads into the shared memory.
 *
 * Node has no public way to give an accepted socket an `onread`: its own handler of new connections is
 * replaced by one that does. Where that is not possible the sockets are plain ones, only slower.
 */
export function takeConnections(server: Server, take: (socket: Socket) => void): void {
  const handle = listeningHandleOf(server);
  if (handle === null) server.on('connection', take);
  else takeFromHandle(handle, take);
}

/** The same of a socket that another process has handed over. */
export function takeFromHandle(handle: ListeningHandle, take: (socket: Socket) => void): void {
  handle.onconnection = (status, connection) => {
    if (status !== 0) return;
    take(socketOn(connection));
  };
}

/** Null: this Node keeps it elsewhere. */
export function listeningHandleOf(server: Server): ListeningHandle | null {
  const handle = handleOf(server);
  return isListeningHandle(handle) && typeof handle.onconnection === 'function' ? handle : null;
}

export function isListeningHandle(handle: unknown): handle is ListeningHandle {
  return (
    typeof handle === 'object' &&
    handle !== null &&
    'listen' in handle &&
    typeof handle.listen === 'function'
  );
}

/** -1: it has none, or what goes through it is not what we write. */
function fdOf(socket: Socket, handle: unknown): number {
  if (socket instanceof TLSSocket || typeof handle !== 'object' || handle === null) return -1;
  return 'fd' in handle && typeof handle.fd === 'number' ? handle.fd : -1;
}

function handleOf(of: Server | Socket): unknown {
  return '_handle' in of ? of._handle : null;
}

/** A socket on the handle of a connection that was accepted, here or by another process. */
export function socketOn(handle: unknown): Socket {
  const read: LegRead = { take: null };
  // The constructor takes the handle of any accepted connection; its type knows only some.
  const options = { handle, allowHalfOpen: false, onread: sharedOnRead(read) };
  const socket: Socket = Reflect.construct(Socket, [options]);
  legReads.set(socket, read);
  return socket;
}
