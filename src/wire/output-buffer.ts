import { freeMemory } from './free-memory.ts';

const defaultInitialBytes = 16 * 1024;

/**
 * Bytes being written, handed over in pieces.
 *
 * One allocation serves several pieces:
 *
 *     | handed over | handed over | being written | free    |
 *     0                           from            at        bytes.length
 *
 * Hot paths reserve once, then write through `bytes` and move `at` themselves.
 */
export class OutputBuffer {
  bytes: Buffer;
  at = 0;
  private from = 0;
  private takenFrom = 0;
  private readonly initialBytes: number;

  constructor(initialBytes: number = defaultInitialBytes) {
    this.initialBytes = Math.max(initialBytes, 64);
    this.bytes = Buffer.allocUnsafeSlow(this.initialBytes);
  }

  /** Bytes written since the last take. */
  get byteLength(): number {
    return this.at - this.from;
  }

  /** Where the piece being written starts in `bytes`; moves with every take and reserve. */
  get start(): number {
    return this.from;
  }

  /** Makes room for `count` more bytes at `at`. Afterwards `bytes` may be another buffer. */
  reserve(count: number): void {
    if (this.at + count > this.bytes.length) this.grow(count);
  }

  /** The bytes written since the last take; they are the caller's, nothing writes there again. */
  take(): Buffer {
    const piece = this.bytes.subarray(this.from, this.at);
    this.takenFrom = this.from;
    this.from = this.at;
    return piece;
  }

  /** Takes back the room of the piece taken last: nobody reads it any more. Only before the next piece begins. */
  reuse(): void {
    if (this.at !== this.from) return;
    this.from = this.takenFrom;
    this.at = this.from;
  }

  /** Forgets the bytes written since the last take. */
  discard(): void {
    this.at = this.from;
  }

  private grow(count: number): void {
    const written = this.byteLength;
    const grown = Buffer.allocUnsafeSlow(Math.max(this.initialBytes, (written + count) * 2));
    this.bytes.copy(grown, 0, this.from, this.at);
    if (this.from === 0) freeMemory(this.bytes); // else pieces of it are others'
    this.bytes = grown;
    this.from = 0;
    this.takenFrom = 0;
    this.at = written;
  }
}
