import { PgoutputTag, readRelation, type Lsn } from '../wire/index.ts';
import { BlockBuilder } from './block-builder.ts';
import { sliceBlock, type ChangeBlock } from './block.ts';
import type { ChangeQueue } from './change-queue.ts';
import {
  encodeRecord,
  lastCommit,
  relationsOf,
  type DurableLog,
  type DurableSegment,
  type Place,
} from './durable-log.ts';

export interface DurableQueueOptions {
  readonly log: DurableLog;
  /** Bytes of blocks also kept in memory, for a consumer that is in step. */
  readonly memoryBytes: number;
  /** Bytes after which a file is ended, at the next end of a transaction. */
  readonly segmentBytes?: number;
  /** Everything that committed before this is on disk, fsynced: the source may forget it (P2, opt-in). */
  readonly onDurable: (position: Lsn) => void;
}

/** A block that the consumer has not taken: in memory, on disk (messages `[from, to)` of it), or both. */
interface Waiting {
  readonly block: ChangeBlock | null;
  readonly place: Place | null;
  readonly from: number;
  readonly to: number;
}

// A lost record costs nothing but reading it again, so files are large: 64 MiB is some seconds of load.
const defaultSegmentBytes = 64 * 1024 * 1024;

/**
 * A queue that is on disk before it is in the target, so that the source need not keep its WAL for a slow
 * target or a long copy. Every block goes to the log; the consumer gets it from memory where it still is.
 */
export class DurableQueue implements ChangeQueue {
  readonly #options: DurableQueueOptions;
  readonly #waiting: Waiting[] = [];
  readonly #relations = new Map<number, Buffer>();
  #memoryBytes = 0;
  #segment: DurableSegment | null = null;
  #isMidTransaction = false;
  #syncing: Promise<void> | null = null;
  #unsynced: Lsn | null = null;
  #end: { error: unknown } | null = null;
  #wakeConsumer: (() => void) | null = null;
  #wakeWriter: (() => void) | null = null;
  /** How far the target is known to be flushed. */
  #flushed: Lsn | null = null;

  constructor(options: DurableQueueOptions) {
    this.#options = options;
  }

  /**
   * Takes in what an earlier process left on disk; call before the first push. It may begin before the
   * ledger's position: the consumer leaves out what it has.
   */
  async recover(): Promise<void> {
    for await (const { place, from, to, relations } of this.#options.log.recover()) {
      this.#remember(relations);
      if (to > from) this.#waiting.push({ block: null, place, from, to });
    }
  }

  get isEmpty(): boolean {
    return this.#waiting.length === 0;
  }

  get isEnded(): boolean {
    return this.#end !== null;
  }

  async push(block: ChangeBlock): Promise<void> {
    if (block.count === 0) {
      this.#add({ block, place: null, from: 0, to: 0 });
      return;
    }
    const { log, memoryBytes } = this.#options;
    const record = await encodeRecord(block);
    await this.#makeRoom(record);
    if (this.#end) return;
    const segment = await this.#currentSegment();
    this.#remember(relationsOf(block));
    const commit = lastCommit(block);
    const place = await log.append(segment, record, commit?.endLsn ?? null);
    const isKept = this.#memoryBytes < memoryBytes;
    if (isKept) this.#memoryBytes += block.bytes.length;
    this.#add({ place, block: isKept ? block : null, from: 0, to: block.count });
    if (commit) this.#unsynced = commit.endLsn;
    this.#isMidTransaction = commit
      ? commit.count < block.count
      : this.#isMidTransaction || hasBegin(block);
    this.#sync();
  }

  async readable(): Promise<void> {
    while (this.isEmpty && !this.#end)
      await new Promise<void>((resolve) => (this.#wakeConsumer = resolve));
  }

  async shift(): Promise<ChangeBlock | null> {
    await this.readable();
    const next = this.#waiting.shift();
    if (!next) {
      if (this.#end !== null && this.#end.error !== null) throw this.#end.error;
      return null;
    }
    if (next.block) {
      if (next.place) this.#memoryBytes -= next.block.bytes.length;
      return next.block;
    }
    return sliceBlock(await this.#options.log.read(next.place!), next.from, next.to);
  }

  end(error: unknown = null): void {
    this.#end ??= { error };
    this.#wakeConsumer?.();
    this.#wakeWriter?.();
  }

  /** Everything up to `flushed` is in the target: its files go. */
  async forget(flushed: Lsn): Promise<void> {
    this.#flushed = flushed;
    await this.#options.log.forget(flushed);
    this.#wakeWriter?.();
  }

  /** Waits for what is being synced, then closes the files. */
  async close(): Promise<void> {
    await this.#syncing;
    await this.#options.log.close();
  }

  #add(waiting: Waiting): void {
    this.#waiting.push(waiting);
    this.#wakeConsumer?.();
  }

  /**
   * Waits until the target has taken what the spill cannot hold beside this record: meanwhile nothing is read,
   * and the source keeps its WAL.
   *
   * @throws SluiceError STREAM_SPILL_FULL when one transaction alone is too much
   */
  async #makeRoom(record: Buffer): Promise<void> {
    const { log } = this.#options;
    while (!log.hasRoom(record) && !this.#end) {
      const isWhole = this.#segment !== null && this.#segment.endLsn !== null;
      if (isWhole && !this.#isMidTransaction) await this.#beginSegment();
      if (this.#flushed !== null) await log.forget(this.#flushed);
      if (log.hasRoom(record)) return;
      if (!log.canForget) throw log.full();
      await new Promise<void>((resolve) => (this.#wakeWriter = resolve));
    }
  }

  async #currentSegment(): Promise<DurableSegment> {
    const { segmentBytes = defaultSegmentBytes } = this.#options;
    const isFull = this.#segment !== null && this.#segment.bytes >= segmentBytes;
    if (this.#segment && (!isFull || this.#isMidTransaction)) return this.#segment;
    return await this.#beginSegment();
  }

  async #beginSegment(): Promise<DurableSegment> {
    const { log } = this.#options;
    await this.#syncing;
    await this.#segment?.file.datasync();
    const segment = await log.rotate();
    this.#segment = segment;
    if (this.#relations.size > 0) {
      const relations = new BlockBuilder();
      for (const message of this.#relations.values()) relations.add(message, 0, message.length);
      await log.append(segment, await encodeRecord(relations.take()), null);
    }
    return segment;
  }

  #remember(relations: readonly Buffer[]): void {
    for (const message of relations) {
      const { oid } = readRelation(message, 0, message.length, false);
      this.#relations.set(oid, message);
    }
  }

  /** One fsync at a time; what is written meanwhile waits for the next. */
  #sync(): void {
    if (this.#syncing || this.#unsynced === null || !this.#segment) return;
    const position = this.#unsynced;
    this.#unsynced = null;
    this.#syncing = this.#segment.file.datasync().then(
      () => {
        this.#syncing = null;
        this.#options.onDurable(position);
        this.#sync();
      },
      (error: unknown) => {
        this.#syncing = null;
        this.end(error);
      },
    );
  }
}

function hasBegin(block: ChangeBlock): boolean {
  for (let i = 0; i < block.count; i++)
    if (block.bytes[block.starts[i]!] === PgoutputTag.begin) return true;
  return false;
}
