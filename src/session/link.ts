import type { Socket } from 'node:net';
import { ServerError, SluiceError, type ServerMessageFields } from '../errors/index.ts';
import {
  BackendTag,
  CopyRunScanner,
  decodeErrorFields,
  decodeNotification,
  decodeParameterStatus,
  decodeReadyForQuery,
  describeTag,
  FrameScanner,
} from '../wire/index.ts';
import type { OnFrame, OnRun, ParameterStatus, TransactionStatus } from '../wire/index.ts';
import { AsideListeners } from './asides.ts';
import { Ring } from './ring.ts';

interface Submission {
  readonly onFrame: OnFrame;
  /** ReadyForQuery messages still to come. */
  syncsLeft: number;
  readonly resolve: () => void;
  readonly reject: (error: unknown) => void;
}

/**
 * A socket with the protocol on it: replies are matched with what was submitted, in order.
 *
 *     submit ---> socket ---> server
 *                               |
 *     onFrame of ring.first <---+   until its last ReadyForQuery, then the next one's
 *
 * Whatever ends the connection (a socket error, a FATAL answer, bytes that make no sense, ourselves)
 * ends every submission with the same error; nothing is emitted as an `error` event.
 */
export class Link {
  /** Where it leads, for messages: `db1:5432`. */
  readonly place: string;
  readonly closed: Promise<void>;
  readonly parameters = new Map<string, string>();
  readonly asides = new AsideListeners();
  status: TransactionStatus = 'I';
  /** Called when the messages of one read have been delivered. */
  onReadEnd: (() => void) | null = null;

  readonly #socket: Socket;
  readonly #frames = new FrameScanner();
  readonly #submissions = new Ring<Submission>();
  #runs: CopyRunScanner | null = null;
  #onRun: OnRun = () => undefined;
  /** Bytes that one scanner left for the other. */
  #handedOver: Buffer | null = null;
  /** Why the connection ended, or must. */
  #end: Error | null = null;
  #isClosed = false;
  #drain: PromiseWithResolvers<void> | null = null;
  #idle: PromiseWithResolvers<void> | null = null;

  constructor(socket: Socket, place: string) {
    this.#socket = socket;
    this.place = place;
    const closed = Promise.withResolvers<void>();
    this.closed = closed.promise;
    socket.on('data', this.#onData);
    socket.on('drain', this.#onDrain);
    socket.on('error', this.#onError);
    socket.on('end', this.#onServerEnd);
    socket.on('close', () => {
      this.#settleAll();
      closed.resolve();
    });
    socket.resume(); // it was paused when its first byte answered the SSLRequest
  }

  get isOpen(): boolean {
    return this.#end === null && !this.#isClosed;
  }

  /** True while replies are due. */
  get isBusy(): boolean {
    return this.#submissions.size > 0;
  }

  get bytesReceived(): number {
    return this.#socket.bytesRead;
  }

  /**
   * Writes now, and delivers each reply message to `onFrame` until `syncs` ReadyForQuery messages came.
   *
   * @returns resolves at the last ReadyForQuery; rejects only when the connection ends before it.
   *   An ErrorResponse is a message like any other.
   */
  submit(chunks: readonly Buffer[], syncs: number, onFrame: OnFrame): Promise<void> {
    if (!this.isOpen) return Promise.reject(this.lostError());
    const { promise, resolve, reject } = Promise.withResolvers<void>();
    this.#submissions.push({ onFrame, syncsLeft: syncs, resolve, reject });
    if (chunks.length > 1) this.#socket.cork();
    for (const chunk of chunks) this.#socket.write(chunk);
    if (chunks.length > 1) this.#socket.uncork();
    return promise;
  }

  /**
   * Writes bytes that belong to a submission under way; false asks to wait for `drained`.
   *
   * @param onWritten called when the system has taken the bytes: their memory is not needed any more
   */
  write(bytes: Buffer, onWritten?: () => void): boolean {
    if (!this.isOpen) return true;
    if (onWritten === undefined) return this.#socket.write(bytes);
    return this.#socket.write(bytes, (error) => {
      if (!error) onWritten();
    });
  }

  get needsDrain(): boolean {
    return this.#socket.writableNeedDrain;
  }

  /** When the socket takes more bytes. Rejects when the connection ends first. */
  drained(): Promise<void> {
    if (!this.isOpen) return Promise.reject(this.lostError());
    if (!this.needsDrain) return Promise.resolve();
    this.#drain ??= Promise.withResolvers<void>();
    return this.#drain.promise;
  }

  /** When no reply is due any more, or the connection has ended. */
  idle(): Promise<void> {
    if (!this.isBusy) return Promise.resolve();
    this.#idle ??= Promise.withResolvers<void>();
    return this.#idle.promise;
  }

  /** Stops reading: the server gets to feel it when its socket buffers are full. */
  pause(): void {
    this.#socket.pause();
  }

  resume(): void {
    this.#socket.resume();
  }

  /** From the next message on, CopyData goes to `onRun` unread. Call inside `onFrame`. */
  beginRuns(onRun: OnRun): void {
    this.#handedOver = this.#frames.detach();
    this.#runs = new CopyRunScanner();
    this.#onRun = onRun;
  }

  /** Back to whole messages. Call inside `onFrame`. */
  endRuns(): void {
    if (this.#runs === null) return;
    this.#handedOver = this.#runs.detach();
    this.#runs = null;
    this.#onRun = () => undefined;
  }

  /** Ends the connection at once because of `error`, which every submission under way gets. */
  fail(error: unknown): void {
    this.#end ??= error instanceof Error ? error : new Error(String(error));
    this.#socket.destroy();
  }

  /** Says good-bye and waits for the server to hang up. */
  end(farewell: Buffer): void {
    this.#end ??= new SluiceError('SESSION_CLOSED', { place: this.place });
    this.#socket.end(farewell);
  }

  /** Gives the socket away, with the bytes that were read and not delivered; the link is over. */
  release(): { socket: Socket; rest: Buffer } {
    const socket = this.#socket;
    this.#end ??= new SluiceError('SESSION_CLOSED', { place: this.place });
    socket.off('data', this.#onData);
    socket.off('drain', this.#onDrain);
    socket.off('error', this.#onError);
    socket.off('end', this.#onServerEnd);
    socket.pause();
    return { socket, rest: this.#frames.detach() };
  }

  /** What a call on an ended connection is answered with. */
  lostError(): Error {
    this.#end ??= new SluiceError('SESSION_LOST', {
      place: this.place,
      reason: 'the server closed it',
    });
    return this.#end;
  }

  readonly #onData = (chunk: Buffer): void => {
    try {
      this.#scan(chunk);
      this.onReadEnd?.();
    } catch (error) {
      this.fail(error);
    }
  };

  #scan(chunk: Buffer): void {
    let next: Buffer | null = chunk;
    while (next !== null) {
      if (this.#runs === null) this.#frames.push(next, this.#deliver);
      else this.#runs.push(next, this.#onRun, this.#deliver);
      next = this.#handedOver;
      this.#handedOver = null;
    }
  }

  readonly #deliver: OnFrame = (tag, bytes, start, end) => {
    switch (tag) {
      case BackendTag.noticeResponse:
        this.asides.emit('notice', decodeErrorFields(bytes, start, end));
        return;
      case BackendTag.notificationResponse:
        this.asides.emit('notification', decodeNotification(bytes, start, end));
        return;
      case BackendTag.parameterStatus:
        this.#receiveParameter(decodeParameterStatus(bytes, start, end));
        return;
      case BackendTag.errorResponse:
        this.#receiveError(decodeErrorFields(bytes, start, end));
        break;
      case BackendTag.readyForQuery:
        this.status = decodeReadyForQuery(bytes, start, end);
        break;
      default:
    }
    const submission = this.#submissions.first;
    if (submission === undefined) throw this.#unexpected(tag);
    submission.onFrame(tag, bytes, start, end);
    // Something in between may keep the connection of a server that is gone: do not wait for its end.
    if (tag === BackendTag.errorResponse && this.#end !== null) this.#socket.destroy();
    if (tag === BackendTag.readyForQuery && --submission.syncsLeft === 0) {
      this.#submissions.shift();
      submission.resolve();
      if (this.#submissions.size === 0) this.#settleIdle();
    }
  };

  #receiveParameter(parameter: ParameterStatus): void {
    this.parameters.set(parameter.name, parameter.value);
    this.asides.emit('parameter', parameter);
  }

  /** FATAL and PANIC are the server's last words, whether or not something was asked. */
  #receiveError(fields: ServerMessageFields): void {
    if (fields.severity === 'FATAL' || fields.severity === 'PANIC') {
      this.#end ??= new ServerError(fields, this.place);
    }
  }

  #unexpected(tag: number): Error {
    if (this.#end !== null) return this.#end;
    return new SluiceError('SESSION_UNEXPECTED', { place: this.place, tag: describeTag(tag) });
  }

  readonly #onDrain = (): void => {
    this.#drain?.resolve();
    this.#drain = null;
  };

  readonly #onError = (cause: Error): void => {
    this.#end ??= new SluiceError(
      'SESSION_LOST',
      { place: this.place, reason: cause.message },
      { cause },
    );
  };

  /** The server hung up. Nothing more can be said to it either. */
  readonly #onServerEnd = (): void => {
    this.lostError();
    this.#socket.destroy();
  };

  #settleIdle(): void {
    this.#idle?.resolve();
    this.#idle = null;
  }

  #settleAll(): void {
    this.#isClosed = true;
    const error = this.lostError();
    this.#drain?.reject(error);
    this.#drain = null;
    for (let next = this.#submissions.shift(); next; next = this.#submissions.shift()) {
      next.reject(error);
    }
    this.#settleIdle();
  }
}
