import type { ChangeBlock } from './block.ts';

/** Collects messages into one block: bytes are copied, offsets kept beside them. */
export class BlockBuilder {
  #bytes: Buffer;
  #length = 0;
  #starts: Int32Array;
  #ends: Int32Array;
  #count = 0;

  constructor(initialBytes = 16 * 1024) {
    this.#bytes = Buffer.allocUnsafe(initialBytes);
    this.#starts = new Int32Array(256);
    this.#ends = new Int32Array(256);
  }

  get byteLength(): number {
    return this.#length;
  }

  get count(): number {
    return this.#count;
  }

  add(bytes: Buffer, start: number, end: number): void {
    this.#reserve(end - start);
    this.#starts[this.#count] = this.#length;
    this.#length += bytes.copy(this.#bytes, this.#length, start, end);
    this.#ends[this.#count++] = this.#length;
  }

  /** Adds a change of a streamed transaction without the xid behind its tag. */
  addWithoutXid(bytes: Buffer, start: number, end: number): void {
    this.#reserve(end - start - 4);
    this.#starts[this.#count] = this.#length;
    this.#bytes[this.#length++] = bytes[start]!;
    this.#length += bytes.copy(this.#bytes, this.#length, start + 5, end);
    this.#ends[this.#count++] = this.#length;
  }

  /** What is collected so far, borrowed: good until the next change of the builder. */
  view(): ChangeBlock {
    return {
      bytes: this.#bytes.subarray(0, this.#length),
      count: this.#count,
      starts: this.#starts.subarray(0, this.#count),
      ends: this.#ends.subarray(0, this.#count),
      keepaliveEnd: null,
    };
  }

  /** Starts empty, in the same memory. */
  clear(): void {
    this.#length = 0;
    this.#count = 0;
  }

  /** Hands the block over; the builder starts empty. */
  take(): ChangeBlock {
    const block = this.view();
    this.#bytes = Buffer.allocUnsafe(this.#bytes.length);
    this.#starts = new Int32Array(this.#starts.length);
    this.#ends = new Int32Array(this.#ends.length);
    this.clear();
    return block;
  }

  #reserve(more: number): void {
    if (this.#length + more > this.#bytes.length) {
      const grown = Buffer.allocUnsafe(Math.max(this.#bytes.length * 2, this.#length + more));
      this.#bytes.copy(grown, 0, 0, this.#length);
      this.#bytes = grown;
    }
    if (this.#count === this.#starts.length) {
      this.#starts = doubled(this.#starts);
      this.#ends = doubled(this.#ends);
    }
  }
}

/** The same positions with room for as many more. */
export function doubled(array: Int32Array): Int32Array<ArrayBuffer> {
  const grown = new Int32Array(array.length * 2);
  grown.set(array);
  return grown;
}
