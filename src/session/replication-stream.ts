import { SluiceError, ServerError } from '../errors/index.ts';
import {
  BackendTag,
  decodeErrorFields,
  describeTag,
  encodeStatusUpdate,
  formatLsn,
  lsn,
  MessageWriter,
  type Lsn,
  type OnFrame,
} from '../wire/index.ts';
import { ReadPace } from './read-pace.ts';
import { BlockQueue } from './block-queue.ts';
import type { Link } from './link.ts';
import { BlockBuilder, type ReplicationBlock } from './replication-block.ts';
import { quoteIdentifier, quoteLiteral } from './quote.ts';

export interface ReplicationOptions {
  readonly slot: string;
  /** Where to go on; 0 is where the slot stands. Never before the slot's confirmed position. */
  readonly from: Lsn;
  /** The output plugin's, such as proto_version and publication_names. */
  readonly pluginOptions: Readonly<Record<string, string>>;
  /** How often the server hears from us when nothing else makes us speak. */
  readonly statusIntervalMs?: number | undefined;
  /** How long the server may send nothing, though asked to half way, before it counts as gone. */
  readonly silenceLimitMs?: number | undefined;
}

/** What the server may take as done on our side. */
export interface ConfirmedPosition {
  readonly written: Lsn;
  /** Durable: the server forgets what is before it (P2). */
  readonly flushed: Lsn;
  readonly applied: Lsn;
}

/** Six times within the server's wal_sender_timeout of our sessions, 60 s. */
const defaultStatusIntervalMs = 10_000;

/** Confirmations closer together go out as one: 34 bytes ten times a second cost nothing. */
const confirmDelayMs = 100;

/** As PostgreSQL's own wal_receiver_timeout. */
const defaultSilenceLimitMs = 60_000;

/** A server in the middle of a large transaction sends all of it before it says good-bye. */
const stopTimeoutMs = 3000;

/**
 * A slot being followed.
 *
 * Iterate once. When the consumer is slow the socket is read no further, while the status updates that
 * keep the connection alive go on. Until the first `confirm` the server is told position 0, "nothing".
 */
export class ReplicationStream implements AsyncIterable<ReplicationBlock> {
  readonly #link: Link;
  readonly #slot: string;
  readonly #queue: BlockQueue;
  readonly #builder: BlockBuilder;
  readonly #started = Promise.withResolvers<void>();
  readonly #timer: NodeJS.Timeout;
  readonly #silenceLimitMs: number;
  #confirmTimer: NodeJS.Timeout | null = null;
  #restTimer: NodeJS.Timeout | null = null;
  readonly #pace = new ReadPace();
  #confirmed: ConfirmedPosition = { written: lsn(0n), flushed: lsn(0n), applied: lsn(0n) };
  #sent: ConfirmedPosition = this.#confirmed;
  #sentAtMs = 0;
  #heardAtMs = performance.now();
  #bytesHeard = 0;
  #isStreaming = false;
  #isIterated = false;
  #stopping: Promise<void> | null = null;
  #serverError: Error | null = null;
  /** When the server is ready for other commands, or the connection has ended. Never rejects. */
  #finished: Promise<void> = Promise.resolve();

  constructor(link: Link, options: ReplicationOptions) {
    this.#link = link;
    this.#slot = options.slot;
    this.#silenceLimitMs = options.silenceLimitMs ?? defaultSilenceLimitMs;
    this.#queue = new BlockQueue({ onFull: () => link.pause(), onRoom: () => this.#goOn() });
    this.#builder = new BlockBuilder(
      (block) => this.#queue.push(block),
      () => this.sendStatus(),
    );
    const intervalMs = options.statusIntervalMs ?? defaultStatusIntervalMs;
    this.#timer = setInterval(() => this.#tick(), intervalMs);
  }

  /** @throws ServerError  no such slot, or it is in use (55006) */
  async start(options: ReplicationOptions): Promise<void> {
    const query = new MessageWriter().query(startReplicationSql(options)).take();
    this.#finished = this.#link.submit([query], 1, this.#onFrame).then(
      () => this.#end(null),
      (error: unknown) => this.#end(error),
    );
    await this.#started.promise;
  }

  [Symbol.asyncIterator](): AsyncIterator<ReplicationBlock, undefined> {
    if (this.#isIterated) throw new SluiceError('SESSION_STREAM_TAKEN', { slot: this.#slot });
    this.#isIterated = true;
    return {
      next: async () => {
        const block = await this.#queue.shift();
        return block === null ? { done: true, value: undefined } : { done: false, value: block };
      },
      return: async () => {
        await this.stop();
        return { done: true, value: undefined };
      },
    };
  }

  /**
   * Remembers how far we are and tells the server soon; it hears at most ten times a second.
   *
   * @throws SESSION_CONFIRM_BACKWARDS  what was confirmed cannot be taken back
   */
  confirm(position: ConfirmedPosition): void {
    const { flushed } = this.#confirmed;
    if (position.flushed < flushed) {
      throw new SluiceError('SESSION_CONFIRM_BACKWARDS', {
        slot: this.#slot,
        confirmed: formatLsn(flushed),
        position: formatLsn(position.flushed),
      });
    }
    this.#confirmed = position;
    if (this.#confirmTimer !== null || !this.#hasNews()) return;
    const waitMs = this.#sentAtMs + confirmDelayMs - performance.now();
    if (waitMs <= 0) this.sendStatus();
    else this.#confirmTimer = setTimeout(() => this.#sendNews(), waitMs);
  }

  /** Tells the server at once. */
  sendStatus(): void {
    this.#send(false);
  }

  /**
   * Ends the stream; the iteration ends too, without what was not yet read. Afterwards the session can be
   * used again, or is closed: when the server goes on with a transaction too large to wait for.
   */
  stop(): Promise<void> {
    this.#stopping ??= this.#stop();
    return this.#stopping;
  }

  async #stop(): Promise<void> {
    this.#queue.end(null);
    if (!this.#link.isOpen || !this.#isStreaming) {
      await this.#finished;
      return;
    }
    this.sendStatus();
    this.#isStreaming = false;
    this.#link.write(new MessageWriter().copyDone().take());
    this.#link.resume();
    const late = setTimeout(() => {
      this.#link.fail(new SluiceError('SESSION_CLOSED', { place: this.#link.place }));
    }, stopTimeoutMs);
    await this.#finished;
    clearTimeout(late);
  }

  readonly #onFrame: OnFrame = (tag, bytes, start, end) => {
    switch (tag) {
      case BackendTag.copyData:
        if (this.#stopping === null) this.#builder.add(bytes, start, end);
        return;
      case BackendTag.copyBothResponse:
        this.#isStreaming = true;
        this.#link.onReadEnd = this.#onReadEnd;
        this.#started.resolve();
        return;
      case BackendTag.copyDone:
        this.#receiveCopyDone();
        return;
      case BackendTag.errorResponse:
        this.#serverError ??= new ServerError(
          decodeErrorFields(bytes, start, end),
          this.#link.place,
        );
        return;
      case BackendTag.commandComplete:
      case BackendTag.readyForQuery:
      case BackendTag.rowDescription: // the timeline that follows, when the server ends a stream
      case BackendTag.dataRow:
        return;
      default:
        throw new SluiceError('SESSION_UNEXPECTED', {
          place: this.#link.place,
          tag: describeTag(tag),
        });
    }
  };

  readonly #onReadEnd = (): void => {
    this.#builder.flush();
    if (this.#pace.isHurried(this.#link.bytesReceived)) this.#rest();
  };

  /** The next read finds what has come meanwhile, in one piece. */
  #rest(): void {
    if (this.#restTimer !== null) return;
    this.#link.pause();
    this.#restTimer = setTimeout(() => {
      this.#restTimer = null;
      if (!this.#queue.isFull) this.#link.resume();
    }, 1);
  }

  /** The answer to ours, or the server's own wish to stop. */
  #receiveCopyDone(): void {
    if (!this.#isStreaming) return;
    this.#isStreaming = false;
    this.#link.write(new MessageWriter().copyDone().take());
  }

  #goOn(): void {
    this.#heardAtMs = performance.now();
    if (this.#restTimer === null) this.#link.resume();
  }

  #tick(): void {
    if (!this.#isStreaming) return;
    const silentMs = this.#measureSilence();
    if (silentMs >= this.#silenceLimitMs) {
      const details = { place: this.#link.place, silentMs: Math.round(silentMs) };
      this.#link.fail(new SluiceError('SESSION_SERVER_SILENT', details));
      return;
    }
    this.#send(silentMs >= this.#silenceLimitMs / 2);
  }

  /** How long nothing has come though we were reading. */
  #measureSilence(): number {
    const now = performance.now();
    const received = this.#link.bytesReceived;
    if (received !== this.#bytesHeard || this.#queue.isFull) {
      this.#bytesHeard = received;
      this.#heardAtMs = now;
    }
    return now - this.#heardAtMs;
  }

  #hasNews(): boolean {
    const { written, flushed, applied } = this.#confirmed;
    const sent = this.#sent;
    return written !== sent.written || flushed !== sent.flushed || applied !== sent.applied;
  }

  #sendNews(): void {
    this.#confirmTimer = null;
    if (this.#hasNews()) this.sendStatus();
  }

  #send(replyRequested: boolean): void {
    if (!this.#isStreaming) return;
    const nowUs = BigInt(Date.now()) * 1000n;
    this.#link.write(encodeStatusUpdate({ ...this.#confirmed, replyRequested, nowUs }));
    this.#sent = this.#confirmed;
    this.#sentAtMs = performance.now();
  }

  /** The command is over, by our wish (null without a server error) or not. */
  #end(error: unknown): void {
    this.#isStreaming = false;
    clearInterval(this.#timer);
    if (this.#confirmTimer !== null) clearTimeout(this.#confirmTimer);
    if (this.#restTimer !== null) clearTimeout(this.#restTimer);
    this.#restTimer = null;
    this.#link.onReadEnd = null;
    if (error === null) this.#link.resume();
    const reason = this.#serverError ?? error ?? this.#endedByServer();
    this.#started.reject(reason);
    this.#queue.end(this.#stopping === null ? reason : null);
  }

  #endedByServer(): SluiceError {
    return new SluiceError('SESSION_STREAM_ENDED', { slot: this.#slot, place: this.#link.place });
  }
}

/** `START_REPLICATION SLOT "s" LOGICAL 0/0 ("proto_version" '4', "publication_names" '"p"')` */
function startReplicationSql({ slot, from, pluginOptions }: ReplicationOptions): string {
  const options = Object.entries(pluginOptions).map(
    ([name, value]) => `${quoteIdentifier(name)} ${quoteLiteral(value)}`,
  );
  const list = options.length === 0 ? '' : ` (${options.join(', ')})`;
  return `START_REPLICATION SLOT ${quoteIdentifier(slot)} LOGICAL ${formatLsn(from)}${list}`;
}
