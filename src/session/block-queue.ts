import type { ReplicationBlock } from './replication-block.ts';
import { Ring } from './ring.ts';

/** Above this much unread, the server is made to wait; below the other, it may go on. */
const highBytes = 4 * 1024 * 1024;
const lowBytes = 1024 * 1024;

export interface BlockQueueEvents {
  readonly onFull: () => void;
  readonly onRoom: () => void;
}

/** Blocks between the socket and one consumer: bounded by bytes, ended by an error or by `end`. */
export class BlockQueue {
  readonly #events: BlockQueueEvents;
  /** Forgets a block when it is taken: under load the queue is never empty, and would keep all of them. */
  #blocks = new Ring<ReplicationBlock>();
  #bytes = 0;
  #isFull = false;
  #waiting: PromiseWithResolvers<ReplicationBlock | null> | null = null;
  #end: { readonly error: unknown } | null = null;

  constructor(events: BlockQueueEvents) {
    this.#events = events;
  }

  get isFull(): boolean {
    return this.#isFull;
  }

  push(block: ReplicationBlock): void {
    if (this.#end !== null) return;
    if (this.#waiting !== null) {
      this.#waiting.resolve(block);
      this.#waiting = null;
      return;
    }
    this.#blocks.push(block);
    this.#bytes += block.bytes.length;
    if (this.#isFull || this.#bytes < highBytes) return;
    this.#isFull = true;
    this.#events.onFull();
  }

  /** The next block; null at the end. Rejects with the error that ended it, after the blocks before it. */
  shift(): Promise<ReplicationBlock | null> {
    const block = this.#blocks.shift();
    if (block !== undefined) return Promise.resolve(this.#take(block));
    if (this.#end !== null) return this.#ended();
    this.#waiting ??= Promise.withResolvers<ReplicationBlock | null>();
    return this.#waiting.promise;
  }

  /** @param error null for an end that was asked for: what is queued is dropped */
  end(error: unknown): void {
    if (this.#end !== null) return;
    this.#end = { error };
    if (error === null) this.#blocks = new Ring();
    this.#waiting?.resolve(this.#ended());
    this.#waiting = null;
  }

  #take(block: ReplicationBlock): ReplicationBlock {
    this.#bytes -= block.bytes.length;
    if (this.#isFull && this.#bytes <= lowBytes) {
      this.#isFull = false;
      this.#events.onRoom();
    }
    return block;
  }

  #ended(): Promise<null> {
    const error = this.#end?.error ?? null;
    return error === null ? Promise.resolve(null) : Promise.reject(error);
  }
}
