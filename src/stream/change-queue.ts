import type { ChangeBlock } from './block.ts';

/** Blocks between the reader of a slot and their one consumer, in order. */
export interface ChangeQueue {
  readonly isEmpty: boolean;
  readonly isEnded: boolean;
  /**
   * Resolves when the block is kept; until then the reader reads no further. After {@link end} nothing is
   * kept. Rejects when the queue itself failed.
   */
  push(block: ChangeBlock): Promise<void>;
  /** Resolves when {@link shift} would not wait. */
  readable(): Promise<void>;
  /** The next block; null after {@link end}. Rejects with the error given to it, once all is consumed. */
  shift(): Promise<ChangeBlock | null>;
  /** No more blocks come. The first call counts. */
  end(error?: unknown): void;
}
