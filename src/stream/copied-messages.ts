import { SluiceError } from '../errors/index.ts';
import { BackendTag, FrameScanner } from '../wire/index.ts';
import { doubled } from './block-builder.ts';
import type { ChangeBlock } from './block.ts';

/** PostgreSQL manual, COPY, "Binary Format": an 11-byte signature, flags, length of an extension (none). */
const headerBytes = 19;
/** In front of the value: a field count of 1, the value's length. */
const rowHeaderBytes = 6;
/** A field count of -1 ends the data. */
const trailer = -1;

/**
 * Finds the messages in what `COPY (SELECT data ...) TO STDOUT (FORMAT binary)` sends: one row, one
 * message. Nothing is copied: a block's bytes are the piece that was read. A message that two pieces
 * cut is a block of its own.
 */
export class CopiedMessages {
  readonly #frames = new FrameScanner();
  readonly #onBlock: (block: ChangeBlock) => void;
  #bytes: Buffer = Buffer.alloc(0);
  #starts = new Int32Array(1024);
  #ends = new Int32Array(1024);
  #count = 0;
  #isHeaderDue = true;

  constructor(onBlock: (block: ChangeBlock) => void) {
    this.#onBlock = onBlock;
  }

  /** Takes a piece of the stream of CopyData messages; it may begin and end inside of one. */
  push(piece: Buffer): void {
    this.#frames.push(piece, this.#onFrame);
    this.#flush();
  }

  readonly #onFrame = (tag: number, bytes: Buffer, start: number, end: number): void => {
    if (tag !== BackendTag.copyData) return;
    if (bytes !== this.#bytes) {
      this.#flush();
      this.#bytes = bytes;
    }
    let at = start;
    if (this.#isHeaderDue) {
      at += headerBytes;
      this.#isHeaderDue = false;
      if (at === end) return;
    }
    if (at + 2 > end) throw truncated(end - at);
    if (bytes.readInt16BE(at) === trailer) return;
    if (at + rowHeaderBytes > end) throw truncated(end - at);
    this.#add(at + rowHeaderBytes, end);
  };

  #add(start: number, end: number): void {
    if (this.#count === this.#starts.length) {
      this.#starts = doubled(this.#starts);
      this.#ends = doubled(this.#ends);
    }
    this.#starts[this.#count] = start;
    this.#ends[this.#count++] = end;
  }

  #flush(): void {
    if (this.#count === 0) return;
    this.#onBlock({
      bytes: this.#bytes,
      count: this.#count,
      starts: this.#starts.slice(0, this.#count),
      ends: this.#ends.slice(0, this.#count),
      keepaliveEnd: null,
    });
    this.#count = 0;
  }
}

function truncated(left: number): SluiceError {
  return new SluiceError('PROTO_TRUNCATED', { what: 'a copied row', needed: rowHeaderBytes, left });
}
