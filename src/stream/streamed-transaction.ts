import { BlockBuilder } from './block-builder.ts';
import { sliceBlock, type ChangeBlock } from './block.ts';
import type { SpillArea } from './spill-area.ts';
import type { SpillFile } from './spill-file.ts';

// A transaction streams 64 KiB of WAL work at a time; 256 KiB makes few, well compressed blocks.
const chunkBytes = 256 * 1024;

/**
 * The changes of one transaction that is sent before its commit is known (protocol 2 and later).
 *
 * At most one chunk stays in memory; the rest is in a spill file. Rolled back subtransactions are
 * remembered and left out when the changes are handed on.
 */
export class StreamedTransaction {
  readonly xid: number;
  readonly #area: SpillArea;
  readonly #aborted = new Set<number>();
  readonly #builder = new BlockBuilder(chunkBytes);
  #notes = new Int32Array(256);
  #file: SpillFile | null = null;

  constructor(xid: number, area: SpillArea) {
    this.xid = xid;
    this.#area = area;
  }

  /** @param subxid the (sub)transaction that made the change, as the message tells */
  async addChange(bytes: Buffer, start: number, end: number, subxid: number): Promise<void> {
    this.#note(subxid);
    this.#builder.addWithoutXid(bytes, start, end);
    if (this.#builder.byteLength >= chunkBytes) await this.#spill();
  }

  /** Adds a message that carries no xid (Origin). */
  async addPlain(bytes: Buffer, start: number, end: number): Promise<void> {
    this.#note(this.xid);
    this.#builder.add(bytes, start, end);
    if (this.#builder.byteLength >= chunkBytes) await this.#spill();
  }

  abort(subxid: number): void {
    this.#aborted.add(subxid | 0);
  }

  /** The surviving changes in order. Call once, then {@link remove}. */
  async *changes(): AsyncGenerator<ChangeBlock> {
    if (this.#file) {
      for (let read = await this.#file.read(); read; read = await this.#file.read())
        yield* this.#surviving(read.block, read.notes);
    }
    const notes = this.#notes;
    yield* this.#surviving(this.#builder.take(), notes);
  }

  async remove(): Promise<void> {
    await this.#file?.remove();
    this.#file = null;
  }

  #note(subxid: number): void {
    if (this.#builder.count === this.#notes.length) {
      const grown = new Int32Array(this.#notes.length * 2);
      grown.set(this.#notes);
      this.#notes = grown;
    }
    this.#notes[this.#builder.count] = subxid | 0; // an xid is unsigned, the note signed: same bits
  }

  async #spill(): Promise<void> {
    this.#file ??= this.#area.createFile();
    // Written when this resolves: the memory serves again, thousands of times in a long transaction.
    await this.#file.write({ block: this.#builder.view(), notes: this.#notes });
    this.#builder.clear();
  }

  *#surviving(block: ChangeBlock, notes: Int32Array | null): Generator<ChangeBlock> {
    if (notes === null || this.#aborted.size === 0) {
      if (block.count > 0) yield block;
      return;
    }
    for (let from = 0; from < block.count;) {
      const isAborted = this.#aborted.has(notes[from]!);
      let to = from + 1;
      while (to < block.count && this.#aborted.has(notes[to]!) === isAborted) to++;
      if (!isAborted) yield sliceBlock(block, from, to);
      from = to;
    }
  }
}
