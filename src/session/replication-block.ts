import { SluiceError } from '../errors/index.ts';
import {
  describeTag,
  lsn,
  readKeepalive,
  readXLogDataWalEnd,
  replicationTag,
  ReplicationTag,
  xLogDataHeaderBytes,
  type Lsn,
} from '../wire/index.ts';

/** The whole messages of one read, in order. It is the consumer's: nothing writes to its memory again. */
export interface ReplicationBlock {
  readonly bytes: Buffer;
  readonly count: number;
  /** pgoutput message `i` is `bytes[starts[i], ends[i])`. Both arrays may be longer than `count`. */
  readonly starts: Int32Array;
  readonly ends: Int32Array;
  /** The newest end of WAL that the server told. */
  readonly serverWalEnd: Lsn;
  /**
   * Set when a keepalive came after the last message of this block: everything before this position that
   * we were to get has been got.
   */
  readonly keepaliveEnd: Lsn | null;
}

const none = Buffer.alloc(0);

/** With less room left than this, a block gets arrays of its own. */
const initialCapacity = 64;
/** Small blocks, the usual ones of an idle server, share one allocation: 4,096 positions of 4 bytes. */
const sharedCapacity = 4096;

/**
 * Puts messages together as blocks without copying them: a block's bytes are the chunk that was read. A
 * message that two reads cut is a block of its own.
 *
 *     chunk 1 | d w msg | d w msg | d w m      ->  block over chunk 1: 2 messages
 *     chunk 2 sg | d w msg | d k |             ->  block of 1 message, block over chunk 2: 1 and a keepalive
 */
export class BlockBuilder {
  readonly #onBlock: (block: ReplicationBlock) => void;
  readonly #onReplyRequest: () => void;
  #bytes: Buffer = none;
  #count = 0;
  #starts = new Int32Array(initialCapacity);
  #ends = new Int32Array(initialCapacity);
  /** Where the newest XLogData header of the block starts; its WAL end is read once a block. */
  #lastHeader = -1;
  #lastEnd = 0;
  #walEnd: Lsn = lsn(0n);
  #keepaliveEnd: Lsn | null = null;

  constructor(onBlock: (block: ReplicationBlock) => void, onReplyRequest: () => void) {
    this.#onBlock = onBlock;
    this.#onReplyRequest = onReplyRequest;
  }

  /** Takes one CopyData body. */
  add(bytes: Buffer, start: number, end: number): void {
    if (bytes !== this.#bytes) {
      this.flush();
      this.#bytes = bytes;
    }
    switch (replicationTag(bytes, start, end)) {
      case ReplicationTag.xLogData:
        this.#addMessage(start, end);
        return;
      case ReplicationTag.keepalive:
        this.#addKeepalive(bytes, start, end);
        return;
      default:
        throw new SluiceError('PROTO_UNKNOWN_MESSAGE', {
          context: 'replication',
          tag: describeTag(bytes[start] ?? 0),
        });
    }
  }

  /** Hands over what there is; to be called after each read. */
  flush(): void {
    if (this.#count > 0 || this.#keepaliveEnd !== null) this.#onBlock(this.#build());
    this.#bytes = none;
  }

  #addMessage(start: number, end: number): void {
    if (this.#count === this.#starts.length) this.#grow();
    this.#starts[this.#count] = start + xLogDataHeaderBytes;
    this.#ends[this.#count] = end;
    this.#count++;
    this.#lastHeader = start;
    this.#lastEnd = end;
    this.#keepaliveEnd = null;
  }

  #addKeepalive(bytes: Buffer, start: number, end: number): void {
    const { walEnd, replyRequested } = readKeepalive(bytes, start, end);
    this.#keepaliveEnd = walEnd;
    this.#raiseWalEnd(walEnd);
    if (replyRequested) this.#onReplyRequest();
  }

  #build(): ReplicationBlock {
    if (this.#lastHeader >= 0) {
      this.#raiseWalEnd(readXLogDataWalEnd(this.#bytes, this.#lastHeader, this.#lastEnd));
    }
    const block: ReplicationBlock = {
      bytes: this.#bytes,
      count: this.#count,
      starts: this.#starts.subarray(0, this.#count),
      ends: this.#ends.subarray(0, this.#count),
      serverWalEnd: this.#walEnd,
      keepaliveEnd: this.#keepaliveEnd,
    };
    this.#startNext();
    return block;
  }

  /** The next block's arrays: what is left of these, as long as there is room worth having. */
  #startNext(): void {
    const left = this.#starts.length - this.#count;
    const isRoomy = left >= initialCapacity;
    this.#starts = isRoomy ? this.#starts.subarray(this.#count) : new Int32Array(sharedCapacity);
    this.#ends = isRoomy ? this.#ends.subarray(this.#count) : new Int32Array(sharedCapacity);
    this.#count = 0;
    this.#lastHeader = -1;
    this.#keepaliveEnd = null;
  }

  #grow(): void {
    const starts = new Int32Array(this.#starts.length * 2);
    const ends = new Int32Array(this.#ends.length * 2);
    starts.set(this.#starts);
    ends.set(this.#ends);
    this.#starts = starts;
    this.#ends = ends;
  }

  #raiseWalEnd(walEnd: Lsn): void {
    if (walEnd > this.#walEnd) this.#walEnd = walEnd;
  }
}
