import { SluiceError } from '../errors/index.ts';
import {
  PgoutputTag,
  readStreamAbort,
  readStreamCommit,
  readStreamStart,
  type StreamCommit,
} from '../wire/index.ts';
import { BlockBuilder } from './block-builder.ts';
import { sliceBlock, type ChangeBlock } from './block.ts';
import type { SpillArea } from './spill-area.ts';
import { StreamedTransaction } from './streamed-transaction.ts';
import { encodeBegin, encodeCommit } from './transaction-messages.ts';

/**
 * Puts a slot's messages into commit order, whole transactions only (P4).
 *
 * A transaction that the server sends after its commit passes through untouched, block by block. One that
 * is streamed before its commit is held in the spill and handed on, as if it had been sent at once,
 * when its Stream Commit arrives; when it is rolled back it disappears.
 */
export async function* committedOrder(
  blocks: AsyncIterable<ChangeBlock>,
  options: { slot: string; area: SpillArea },
): AsyncGenerator<ChangeBlock> {
  const order = new CommittedOrder(options.slot, options.area);
  try {
    for await (const block of blocks) {
      if (order.passesThrough(block)) yield block;
      else yield* order.reorder(block);
    }
  } finally {
    await order.close();
  }
}

class CommittedOrder {
  readonly #slot: string;
  readonly #area: SpillArea;
  readonly #streamed = new Map<number, StreamedTransaction>();
  /** Set between Stream Start and Stream Stop. */
  #current: StreamedTransaction | null = null;

  constructor(slot: string, area: SpillArea) {
    this.#slot = slot;
    this.#area = area;
  }

  passesThrough(block: ChangeBlock): boolean {
    if (this.#current) return false;
    const { bytes, starts, count } = block;
    for (let i = 0; i < count; i++) if (isStreamMarker(bytes[starts[i]!]!)) return false;
    return true;
  }

  async *reorder(block: ChangeBlock): AsyncGenerator<ChangeBlock> {
    let plainFrom = 0;
    for (let i = 0; i < block.count; i++) {
      const tag = block.bytes[block.starts[i]!]!;
      if (!this.#current && !isStreamMarker(tag)) continue;
      if (!this.#current && i > plainFrom) yield sliceBlock(block, plainFrom, i);
      plainFrom = i + 1;
      yield* this.#streamedMessage(tag, block, i);
    }
    const rest = sliceBlock(block, plainFrom, block.count);
    if (rest.count > 0 || rest.keepaliveEnd !== null) yield rest;
  }

  async close(): Promise<void> {
    for (const transaction of this.#streamed.values()) await transaction.remove();
    this.#streamed.clear();
  }

  async *#streamedMessage(tag: number, block: ChangeBlock, i: number): AsyncGenerator<ChangeBlock> {
    const { bytes } = block;
    const start = block.starts[i]!;
    const end = block.ends[i]!;
    switch (tag) {
      case PgoutputTag.streamStart:
        this.#start(readStreamStart(bytes, start, end).xid);
        return;
      case PgoutputTag.streamStop:
        if (!this.#current) throw this.#outOfOrder('Stream Stop', 'Stream Start');
        this.#current = null;
        return;
      case PgoutputTag.streamCommit:
        yield* this.#commit(readStreamCommit(bytes, start, end));
        return;
      case PgoutputTag.streamAbort:
        await this.#abort(bytes, start, end);
        return;
      case PgoutputTag.origin:
        await this.#current!.addPlain(bytes, start, end);
        return;
      case PgoutputTag.begin:
      case PgoutputTag.commit:
        throw this.#outOfOrder(String.fromCharCode(tag), 'Stream Stop');
      default:
        await this.#current!.addChange(bytes, start, end, bytes.readUInt32BE(start + 1));
    }
  }

  #start(xid: number): void {
    if (this.#current) throw this.#outOfOrder('Stream Start', 'Stream Stop');
    let transaction = this.#streamed.get(xid);
    if (!transaction) {
      transaction = new StreamedTransaction(xid, this.#area);
      this.#streamed.set(xid, transaction);
    }
    this.#current = transaction;
  }

  async *#commit(commit: StreamCommit): AsyncGenerator<ChangeBlock> {
    if (this.#current) throw this.#outOfOrder('Stream Commit', 'Stream Stop');
    const transaction = this.#streamed.get(commit.xid);
    if (!transaction) throw this.#outOfOrder('Stream Commit', 'Stream Start');
    yield single(
      encodeBegin({
        finalLsn: commit.commitLsn,
        commitTimeUs: commit.commitTimeUs,
        xid: commit.xid,
      }),
    );
    yield* transaction.changes();
    yield single(encodeCommit(commit));
    this.#streamed.delete(commit.xid);
    await transaction.remove();
  }

  async #abort(bytes: Buffer, start: number, end: number): Promise<void> {
    const { xid, subxid } = readStreamAbort(bytes, start, end);
    const transaction = this.#streamed.get(xid);
    if (!transaction) throw this.#outOfOrder('Stream Abort', 'Stream Start');
    if (subxid !== xid) {
      transaction.abort(subxid);
      return;
    }
    this.#streamed.delete(xid);
    await transaction.remove();
  }

  #outOfOrder(found: string, expected: string): SluiceError {
    return new SluiceError('STREAM_ORDER', { slot: this.#slot, found, expected });
  }
}

function isStreamMarker(tag: number): boolean {
  return (
    tag === PgoutputTag.streamStart ||
    tag === PgoutputTag.streamStop ||
    tag === PgoutputTag.streamCommit ||
    tag === PgoutputTag.streamAbort
  );
}

function single(message: Buffer): ChangeBlock {
  const builder = new BlockBuilder(message.length);
  builder.add(message, 0, message.length);
  return builder.take();
}
