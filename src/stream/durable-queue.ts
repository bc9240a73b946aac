import assert from 'node:assert/strict';
import { formatLsn, lsn, PgoutputTag, type Lsn } from '../wire/index.ts';
import { heldBytes, isKeepalive, sliceBlock, type ChangeBlock } from './block.ts';
import type { ChangeQueue } from './change-queue.ts';
import type { DurableLog } from './durable-log.ts';
import type { DurableSegment, Run } from './durable-segment.ts';
import { KnownRelations } from './known-relations.ts';
import { encodeRecord, type ValueFormat } from './log-file.ts';
import { damaged, lastCommit } from './log-recovery.ts';

export interface DurableQueueOptions {
  readonly log: DurableLog;
  /** Bytes of blocks also kept in memory, for a consumer that is in step. */
  readonly memoryBytes: number;
  /** Bytes after which a file is ended, at the next end of a transaction. */
  readonly segmentBytes: number;
  /** Everything that committed before this is on disk, fsynced: the source may forget it (P2, opt-in). */
  readonly onDurable: (position: Lsn) => void;
}

/** What the consumer has not taken: a block still in memory, or where the next ones are on disk. */
type Waiting = ChangeBlock | Run;

/**
 * A queue that is on disk before it is in the target, so that the source need not keep its WAL for a slow
 * target or a long copy. Every block goes to the log; the consumer gets it from memory where it still is.
 */
export class DurableQueue implements ChangeQueue {
  readonly #options: DurableQueueOptions;
  readonly #waiting: Waiting[] = [];
  /** As this process's stream described them: a new file begins with them. */
  readonly #relations = new KnownRelations();
  #memoryBytes = 0;
  #segment: DurableSegment | null = null;
  #isMidTransaction = false;
  #format: ValueFormat = 'binary';
  #syncing: Promise<void> | null = null;
  #unsynced: Lsn | null = null;
  #forgetting: Promise<void> | null = null;
  /** How far the target is known to be flushed. */
  #flushed: Lsn = lsn(0n);
  /** Behind the last whole transaction of the log; where reading began while there is none. */
  #reached: Lsn = lsn(0n);
  #end: { error: unknown } | null = null;
  #wakeConsumer: (() => void) | null = null;
  #wakeWriter: (() => void) | null = null;

  constructor(options: DurableQueueOptions) {
    this.#options = options;
  }

  /**
   * Takes in what an earlier process left on disk; call before {@link begin}. It may begin before the
   * ledger's position: the consumer leaves out what it has.
   *
   * @throws SluiceError STREAM_SPILL_DAMAGED
   */
  async recover(): Promise<void> {
    for await (const run of this.#options.log.recover()) this.#waiting.push(run);
  }

  /** How the values are written that the log holds from `position` on; null when it holds nothing there. */
  heldFormat(position: Lsn): ValueFormat | null {
    const { endLsn, format } = this.#options.log;
    return endLsn !== null && endLsn > position ? format : null;
  }

  /**
   * Where the slot is to be read from; call before the first push. Once what was recovered is in the target it
   * may be called again, with another format.
   *
   * @param position everything before it is in the target, flushed
   * @param format of the values that will be pushed; as long as the log holds something, its own
   * @throws SluiceError STREAM_SPILL_DAMAGED what the target needs first is gone
   */
  async begin(position: Lsn, format: ValueFormat): Promise<Lsn> {
    const { log } = this.#options;
    const { startLsn, endLsn } = log;
    const held = this.heldFormat(position);
    assert(
      held === null || held === format,
      `a spill of ${held} values is not continued in ${format}`,
    );
    this.#format = format;
    if (startLsn !== null && endLsn !== null && endLsn > position) {
      if (startLsn > position) {
        const reason = `it begins at ${formatLsn(startLsn)}, the target ends at ${formatLsn(position)}`;
        throw damaged(log.directory, 0, reason);
      }
      this.#reached = endLsn;
    } else {
      // A file continues where the one before ended: one that begins at `position` has none before it.
      this.#waiting.length = 0;
      await log.reset();
      this.#reached = position;
    }
    this.#flushed = position;
    return this.#reached;
  }

  get isEmpty(): boolean {
    return this.#waiting.length === 0;
  }

  get isEnded(): boolean {
    return this.#end !== null;
  }

  async push(block: ChangeBlock): Promise<void> {
    if (this.#drops) return;
    if (isKeepalive(block)) return this.#add(block);
    const { log, memoryBytes } = this.#options;
    const record = await encodeRecord(block);
    await this.#makeRoom(record);
    if (this.#drops) return;
    const segment = await this.#currentSegment();
    this.#relations.remember(block);
    const commit = lastCommit(block);
    const run = await log.append(segment, record, commit?.endLsn ?? null);
    this.#add(this.#memoryBytes < memoryBytes ? block : run);
    if (commit) this.#unsynced = this.#reached = commit.endLsn;
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
    const next = this.#waiting[0];
    if (!next) {
      if (this.#end !== null && this.#end.error !== null) throw this.#end.error;
      return null;
    }
    if (isRun(next)) return await this.#read(next);
    this.#waiting.shift();
    this.#memoryBytes -= heldBytes(next);
    return next;
  }

  end(error: unknown = null): void {
    this.#end ??= { error };
    this.#wakeConsumer?.();
    this.#wakeWriter?.();
  }

  /** Everything up to `flushed` is in the target: its files go. Never rejects: a failure ends the queue. */
  async forget(flushed: Lsn): Promise<void> {
    if (flushed > this.#flushed) this.#flushed = flushed;
    await (this.#forgetting ??= this.#forget());
  }

  /** Waits for what is being synced, then closes the files. */
  async close(): Promise<void> {
    await this.#syncing;
    await this.#forgetting;
    await this.#options.log.close();
  }

  /** After the end nothing is kept; the writer hears of an end that was ours. */
  get #drops(): boolean {
    if (this.#end === null) return false;
    if (this.#end.error !== null) throw this.#end.error;
    return true;
  }

  /** What only the disk holds takes no memory, however much it is: its places are joined. */
  #add(next: Waiting): void {
    const last = this.#waiting.at(-1);
    if (last && !isRun(last) && isKeepalive(last) && (isRun(next) || isKeepalive(next))) {
      this.#waiting.pop();
      this.#memoryBytes -= heldBytes(last);
    }
    const before = this.#waiting.at(-1);
    if (!isRun(next)) {
      this.#memoryBytes += heldBytes(next);
      this.#waiting.push(next);
    } else if (before && isRun(before) && isContinued(before, next)) before.end = next.end;
    else this.#waiting.push(next);
    this.#wakeConsumer?.();
  }

  async #read(run: Run): Promise<ChangeBlock> {
    const { block, end } = await this.#options.log.read(run.segment, run.at);
    const isLast = end >= run.end;
    const read = sliceBlock(block, run.from, (isLast ? run.to : null) ?? block.count);
    run.at = end;
    run.from = 0;
    if (isLast) {
      this.#waiting.shift();
      this.#wakeWriter?.(); // its file may now go
    }
    return read;
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
      const mayGo = this.#segment === null || this.#segment.endLsn !== null;
      if (mayGo && !this.#isMidTransaction) await this.#beginSegment();
      await this.forget(this.#flushed);
      if (log.hasRoom(record) || this.#end) return;
      if (!log.canForget) throw log.full();
      await new Promise<void>((resolve) => (this.#wakeWriter = resolve));
    }
  }

  async #forget(): Promise<void> {
    try {
      let flushed: Lsn;
      do {
        flushed = this.#flushed;
        await this.#options.log.forget(flushed, this.#waiting.find(isRun)?.segment ?? null);
      } while (flushed !== this.#flushed);
    } catch (error) {
      this.end(error);
    }
    this.#forgetting = null;
    this.#wakeWriter?.();
  }

  async #currentSegment(): Promise<DurableSegment> {
    const isFull = this.#segment !== null && this.#segment.bytes >= this.#options.segmentBytes;
    if (this.#segment && (!isFull || this.#isMidTransaction)) return this.#segment;
    return await this.#beginSegment();
  }

  async #beginSegment(): Promise<DurableSegment> {
    const { log } = this.#options;
    await this.#syncing;
    const segment = await log.rotate(this.#reached, this.#format);
    this.#segment = segment;
    const relations = this.#relations.describe();
    if (relations) await log.append(segment, await encodeRecord(relations), null);
    return segment;
  }

  #sync(): void {
    if (!this.#syncing && this.#unsynced !== null) this.#syncing = this.#syncUnsynced();
  }

  /** One fsync at a time; what is written meanwhile waits for the next. */
  async #syncUnsynced(): Promise<void> {
    const { log, onDurable } = this.#options;
    try {
      while (this.#unsynced !== null && this.#segment) {
        const position = this.#unsynced;
        this.#unsynced = null;
        await log.sync(this.#segment);
        onDurable(position);
      }
    } catch (error) {
      this.end(error);
    }
    this.#syncing = null;
  }
}

function isRun(waiting: Waiting): waiting is Run {
  return 'segment' in waiting;
}

function isContinued(run: Run, next: Run): boolean {
  return run.segment === next.segment && run.to === null && run.end === next.at && next.from === 0;
}

function hasBegin(block: ChangeBlock): boolean {
  for (let i = 0; i < block.count; i++)
    if (block.bytes[block.starts[i]!] === PgoutputTag.begin) return true;
  return false;
}
