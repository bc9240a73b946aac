import type { Socket } from 'node:net';
import { Duplex } from 'node:stream';
import { isSluiceError, SluiceError } from '../errors/index.ts';
import { readStartupPacket } from '../wire/index.ts';
import { sendCancel } from './cancel.ts';
import { connect } from './connect.ts';
import type { Connected, ConnectOptions } from './connected.ts';
import { encodeGreeting } from './greeting.ts';
import { closeTimeoutMs } from './session.ts';
import type { ConnectionTarget } from './target/index.ts';

type Done = (error?: Error | null) => void;

/**
 * What a `pg` client takes for its socket: a session of ours, connected, encrypted and authenticated by
 * our rules, which then carries the client's bytes.
 *
 *     pg.Client ---startup message---> PgStream   swallowed; answered with what our own session was told
 *     pg.Client ---cancel request----> PgStream   sent to the same server on a connection of its own
 *     pg.Client <------------------------------>  the server, from then on
 */
export class PgStream extends Duplex {
  readonly #target: ConnectionTarget;
  readonly #options: ConnectOptions;
  readonly #abort = new AbortController();
  #connected: Connected | null = null;
  #socket: Socket | null = null;
  #isReferenced = true;
  /** Goes on writing once the socket takes more. */
  #resumeWriting: Done | null = null;
  #late: NodeJS.Timeout | undefined;

  constructor(target: ConnectionTarget, options: ConnectOptions) {
    // A server that hangs up has nothing more to say, and nothing more can be said to it.
    super({ allowHalfOpen: false });
    this.#target = target;
    this.#options = options;
  }

  /** Called by the client; where to is for the connection string to say. */
  connect(): this {
    connect(this.#target, { ...this.#options, signal: this.#signal() }).then(
      (connected) => this.#begin(connected),
      (error: unknown) => this.destroy(toError(error)),
    );
    return this;
  }

  setNoDelay(): this {
    return this;
  }

  setKeepAlive(): this {
    return this;
  }

  ref(): this {
    this.#isReferenced = true;
    this.#socket?.ref();
    return this;
  }

  unref(): this {
    this.#isReferenced = false;
    this.#socket?.unref();
    return this;
  }

  override _read(): void {
    this.#socket?.resume();
  }

  override _write(chunk: Buffer, _encoding: BufferEncoding, done: Done): void {
    if (this.#connected === null) {
      // Good-bye before hello.
      done();
      this.destroy();
      return;
    }
    if (this.#socket === null) {
      this.#answerFirst(chunk, this.#connected, done);
      return;
    }
    if (this.#socket.write(chunk)) done();
    else this.#resumeWriting = done;
  }

  override _final(done: Done): void {
    this.#socket?.end();
    this.#late = setTimeout(() => this.destroy(), closeTimeoutMs);
    if (!this.#isReferenced) this.#late.unref();
    done();
  }

  override _destroy(error: Error | null, done: Done): void {
    clearTimeout(this.#late);
    this.#abort.abort();
    this.#socket?.destroy();
    if (this.#socket === null && this.#connected !== null) {
      this.#connected.link.fail(new SluiceError('SESSION_CLOSED', { place: this.#place() }));
    }
    done(error);
  }

  #signal(): AbortSignal {
    const { signal } = this.#options;
    return signal === undefined
      ? this.#abort.signal
      : AbortSignal.any([signal, this.#abort.signal]);
  }

  #begin(connected: Connected): void {
    this.#connected = connected;
    if (this.destroyed) {
      connected.link.fail(new SluiceError('SESSION_CLOSED', { place: this.#place() }));
      return;
    }
    // Between our session's end and the client's beginning nobody else would notice.
    void connected.link.closed.then(() => {
      if (this.#socket === null) this.destroy(connected.link.lostError());
    });
    this.emit('connect');
  }

  /** A client connects to log in, or to cancel what another one does. */
  #answerFirst(chunk: Buffer, connected: Connected, done: Done): void {
    const packet = readStartupPacket(chunk, 4, chunk.length);
    if (packet.kind !== 'cancel') {
      this.#greet(connected);
      done();
      return;
    }
    const { pid, key } = packet;
    sendCancel(this.#target, { ...connected, key: { pid, key } }).then(
      () => this.destroy(),
      (error: unknown) => this.destroy(toError(error)),
    );
  }

  /** The client's startup message is here: it gets the answer that ours got, and then the socket. */
  #greet(connected: Connected): void {
    const { socket, rest } = connected.link.release();
    this.#socket = socket;
    if (!this.#isReferenced) socket.unref();
    socket.on('data', (chunk) => {
      if (!this.push(chunk)) socket.pause();
    });
    socket.on('drain', () => this.#goOnWriting());
    socket.on('error', (cause) => this.destroy(this.#lost(cause)));
    socket.on('close', () => {
      this.#goOnWriting();
      this.push(null);
    });
    this.push(Buffer.concat([encodeGreeting(connected), rest]));
    socket.resume();
  }

  #goOnWriting(): void {
    const resume = this.#resumeWriting;
    this.#resumeWriting = null;
    resume?.();
  }

  #lost(cause: Error): SluiceError {
    const details = { place: this.#place(), reason: cause.message };
    return new SluiceError('SESSION_LOST', details, { cause });
  }

  #place(): string {
    return this.#connected?.link.place ?? '';
  }
}

function toError(error: unknown): Error {
  return isSluiceError(error) || error instanceof Error ? error : new Error(String(error));
}
