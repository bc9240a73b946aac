import type { ChangeQueue } from './change-queue.ts';
import type { ChangeReader } from './change-reader.ts';

export interface Pump {
  /** Aborts when reading failed. */
  readonly failed: AbortSignal;
  readonly ended: Promise<void>;
}

/**
 * Moves blocks from the reader into the queue; the reader's error comes out of the queue, in its place. Leaves
 * the reader once the queue has ended, be it in the middle of handing over a large transaction.
 */
export function pumpBlocks(reader: ChangeReader, queue: ChangeQueue): Pump {
  const failed = new AbortController();
  const ended = (async () => {
    try {
      for await (const block of reader.blocks()) {
        await queue.push(block);
        if (queue.isEnded) break;
      }
      queue.end();
    } catch (error) {
      queue.end(error);
      failed.abort(error);
    }
  })();
  return { failed: failed.signal, ended };
}
