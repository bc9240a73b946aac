import { isSluiceError } from '../errors/index.ts';
import { heldBytes, isKeepalive, type ChangeBlock } from './block.ts';
import type { ChangeQueue } from './change-queue.ts';
import type { SpillArea } from './spill-area.ts';
import type { SpillFile } from './spill-file.ts';

export interface BlockQueueOptions {
  /** Bytes of blocks held in memory before writers wait or, where told, blocks go to the spill. */
  readonly memoryBytes: number;
  readonly area: SpillArea;
}

const nowhere = new Int32Array(0);
/** Stands where a block was. */
const taken: ChangeBlock = {
  bytes: Buffer.alloc(0),
  count: 0,
  starts: nowhere,
  ends: nowhere,
  keepaliveEnd: null,
};

/**
 * Blocks between the reader of a slot and their consumer, in order.
 *
 * ```
 *   push ──▶ [ memory ] ──▶ shift            in step: memory only, a full queue holds the reader back
 *   push ──▶ [ spill file ] ──▶ [ memory ]   waiting (a copy is running): what memory cannot hold
 * ```
 * Held back, the reader leaves the changes in the source's WAL. Spilling instead is for a consumer that
 * will not take anything for a long time; at half of the spill the reader is held back, too: the rest is for
 * transactions that are streamed before they end.
 */
export class BlockQueue implements ChangeQueue {
  readonly #options: BlockQueueOptions;
  readonly #memory: ChangeBlock[] = [];
  #head = 0;
  #memoryBytes = 0;
  #file: SpillFile | null = null;
  /** Where the source is behind all that is on disk. */
  #late: ChangeBlock | null = null;
  #spillFailed = false;
  #isWriting = false;
  #isWaiting = false;
  #end: { error: unknown } | null = null;
  #wakeReader: (() => void) | null = null;
  #wakeConsumer: (() => void) | null = null;

  constructor(options: BlockQueueOptions) {
    this.#options = options;
  }

  get isEmpty(): boolean {
    return this.#head === this.#memory.length && !this.#file?.pending && !this.#late;
  }

  get isEnded(): boolean {
    return this.#end !== null;
  }

  get spilledBlocks(): number {
    return this.#file?.pending ?? 0;
  }

  /** While true, blocks that do not fit in memory are spilled rather than refused. */
  set isWaiting(isWaiting: boolean) {
    this.#isWaiting = isWaiting;
    this.#wake();
  }

  async push(block: ChangeBlock): Promise<void> {
    if (isKeepalive(block) && this.#told(block)) return this.#wake();
    while (!this.#fits && !this.#end) {
      if (await this.#spilled(block)) return;
      if (this.#fits || this.#end) break;
      await new Promise<void>((resolve) => (this.#wakeReader = resolve));
    }
    if (this.#end) return;
    this.#late = null;
    this.#memory.push(block);
    this.#memoryBytes += heldBytes(block);
    this.#wake();
  }

  async readable(): Promise<void> {
    while (this.isEmpty && !this.#end)
      await new Promise<void>((resolve) => (this.#wakeConsumer = resolve));
  }

  async shift(): Promise<ChangeBlock | null> {
    await this.readable();
    if (!this.isEmpty) return await this.#next();
    if (this.#end !== null && this.#end.error !== null) throw this.#end.error;
    return null;
  }

  end(error: unknown = null): void {
    this.#end ??= { error };
    this.#wake();
  }

  // A block goes to memory only while nothing waits on disk: the order of blocks is the order of push.
  get #fits(): boolean {
    return this.#memoryBytes < this.#options.memoryBytes && !this.#file?.pending;
  }

  /** A queue keeps one keepalive at its end, in place of the one before. */
  #told(block: ChangeBlock): boolean {
    if (this.#end) return true;
    if (this.#file?.pending) {
      this.#late = block;
      return true;
    }
    const last = this.#memory.length - 1;
    if (last < this.#head || !isKeepalive(this.#memory[last]!)) return false;
    this.#memory[last] = block;
    return true;
  }

  async #next(): Promise<ChangeBlock | null> {
    if (this.#head < this.#memory.length) return this.#fromMemory();
    if (this.#file?.pending) return await this.#fromFile(this.#file);
    const late = this.#late;
    this.#late = null;
    return late;
  }

  #fromMemory(): ChangeBlock {
    const block = this.#memory[this.#head]!;
    this.#memory[this.#head++] = taken; // the array would keep it, maybe for long
    if (this.#head === this.#memory.length || this.#head > 1024) {
      this.#memory.splice(0, this.#head);
      this.#head = 0;
    }
    this.#memoryBytes -= heldBytes(block);
    this.#wake();
    return block;
  }

  async #fromFile(file: SpillFile): Promise<ChangeBlock> {
    const read = await file.read();
    if (!file.pending && !this.#isWriting) {
      this.#file = null;
      this.#spillFailed = false;
      await file.remove();
      this.#wake();
    }
    return read!.block;
  }

  async #spilled(block: ChangeBlock): Promise<boolean> {
    if (this.#spillFailed || !this.#maySpill) return false;
    this.#isWriting = true;
    try {
      this.#file ??= this.#options.area.createFile();
      await this.#file.write({ block, notes: null });
      this.#late = null;
      return true;
    } catch (error) {
      if (!isSluiceError(error, 'STREAM_SPILL_FULL')) throw error;
      this.#spillFailed = true; // the WAL keeps what the disk cannot
      return false;
    } finally {
      this.#isWriting = false;
      this.#wake();
    }
  }

  get #maySpill(): boolean {
    const { area } = this.#options;
    if (area.isFull || (this.#file?.writtenBytes ?? 0) >= area.maxBytes / 2) return false;
    return this.#isWaiting || Boolean(this.#file?.pending);
  }

  #wake(): void {
    this.#wakeReader?.();
    this.#wakeConsumer?.();
    this.#wakeReader = this.#wakeConsumer = null;
  }
}
