import type { ChangeBlock } from './block.ts';

/** Blocks that may wait here before the one who brings them is asked to stop. */
const roomyBytes = 1024 * 1024;

/** From one who is called with bytes to one who iterates; nothing is lost, little is kept. */
export class BlockPipe implements AsyncIterable<ChangeBlock> {
  readonly #begun = Promise.withResolvers<void>();
  #blocks: ChangeBlock[] = [];
  #bytes = 0;
  #end: { readonly error: unknown } | null = null;
  #waiting: PromiseWithResolvers<void> | null = null;
  #room: PromiseWithResolvers<void> | null = null;

  /** Resolves with the first block, or at the end. */
  get begun(): Promise<void> {
    return this.#begun.promise;
  }

  put(block: ChangeBlock): void {
    this.#begun.resolve();
    if (this.#end) return;
    this.#blocks.push(block);
    this.#bytes += block.bytes.length;
    this.#waiting?.resolve();
  }

  /** Undefined while there is room, else a promise of it. */
  get room(): Promise<void> | undefined {
    if (this.#bytes < roomyBytes || this.#end) return undefined;
    this.#room ??= Promise.withResolvers();
    return this.#room.promise;
  }

  /** No more comes. The iteration ends, or throws `error`, behind the blocks that are here. */
  end(error: unknown = null): void {
    this.#end ??= { error };
    this.#begun.resolve();
    this.#waiting?.resolve();
  }

  /** Nobody iterates any more: what is here and what still comes is dropped. */
  drop(): void {
    this.end();
    this.#takeAll();
  }

  async *[Symbol.asyncIterator](): AsyncGenerator<ChangeBlock, void> {
    try {
      for (;;) {
        const blocks = this.#takeAll();
        yield* blocks;
        if (this.#blocks.length > 0) continue;
        if (this.#end?.error) throw this.#end.error;
        if (this.#end) return;
        this.#waiting = Promise.withResolvers();
        await this.#waiting.promise;
        this.#waiting = null;
      }
    } finally {
      this.drop();
    }
  }

  #takeAll(): ChangeBlock[] {
    const blocks = this.#blocks;
    this.#blocks = [];
    this.#bytes = 0;
    this.#room?.resolve();
    this.#room = null;
    return blocks;
  }
}
