import { isSluiceError } from '../errors/index.ts';
import type { ChangeBlock } from './block.ts';
import type { ChangeQueue } from './change-queue.ts';
import type { SpillArea, SpillFile } from './spill-area.ts';

export interface BlockQueueOptions {
  /** Bytes of messages held in memory before writers wait or, where told, blocks go to the spill. */
  readonly memoryBytes: number;
  readonly area: SpillArea;
}

/**
 * Blocks between the reader of a slot and their consumer, in order.
 *
 * ```
 *   push ──▶ [ memory ] ──▶ shift            in step: memory only, a full queue holds the reader back
 *   push ──▶ [ spill file ] ──▶ [ memory ]   waiting (a copy is running): what memory cannot hold
 * ```
 * Held back, the reader leaves the changes in the source's WAL. Spilling instead is for a consumer that
 * will not take anything for a long time; when the spill is full, too, the reader is held back.
 */
export class BlockQueue implements ChangeQueue {
  readonly #options: BlockQueueOptions;
  readonly #memory: ChangeBlock[] = [];
  #head = 0;
  #memoryBytes = 0;
  #file: SpillFile | null = null;
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
    return this.#head === this.#memory.length && !this.#file?.pending;
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
    while (!this.#fits && !this.#end) {
      if (await this.#spilled(block)) return;
      if (this.#fits || this.#end) break;
      await new Promise<void>((resolve) => (this.#wakeReader = resolve));
    }
    this.#memory.push(block);
    this.#memoryBytes += block.bytes.length;
    this.#wake();
  }

  async readable(): Promise<void> {
    while (this.isEmpty && !this.#end)
      await new Promise<void>((resolve) => (this.#wakeConsumer = resolve));
  }

  async shift(): Promise<ChangeBlock | null> {
    for (;;) {
      const block = await this.#next();
      if (block) return block;
      if (this.#end) {
        if (this.#end.error !== null) throw this.#end.error;
        return null;
      }
      await new Promise<void>((resolve) => (this.#wakeConsumer = resolve));
    }
  }

  end(error: unknown = null): void {
    this.#end ??= { error };
    this.#wake();
  }

  // A block goes to memory only while nothing waits on disk: the order of blocks is the order of push.
  get #fits(): boolean {
    return this.#memoryBytes < this.#options.memoryBytes && !this.#file?.pending;
  }

  async #next(): Promise<ChangeBlock | null> {
    if (this.#head < this.#memory.length) {
      const block = this.#memory[this.#head]!;
      this.#head++;
      if (this.#head === this.#memory.length || this.#head > 1024) {
        this.#memory.splice(0, this.#head);
        this.#head = 0;
      }
      this.#memoryBytes -= block.bytes.length;
      this.#wake();
      return block;
    }
    if (!this.#file?.pending) return null;
    const read = await this.#file.read();
    if (!this.#file.pending && !this.#isWriting) {
      const emptied = this.#file;
      this.#file = null;
      await emptied.remove();
      this.#wake();
    }
    return read!.block;
  }

  async #spilled(block: ChangeBlock): Promise<boolean> {
    if (this.#spillFailed || this.#options.area.isFull) return false;
    if (!this.#isWaiting && !this.#file?.pending) return false;
    this.#isWriting = true;
    try {
      this.#file ??= this.#options.area.createFile();
      await this.#file.write({ block, notes: null });
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

  #wake(): void {
    this.#wakeReader?.();
    this.#wakeConsumer?.();
    this.#wakeReader = this.#wakeConsumer = null;
  }
}
