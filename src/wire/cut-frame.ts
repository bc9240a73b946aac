import { SluiceError } from '../errors/index.ts';
import { byteAt, int32At } from './bytes.ts';
import { describeTag } from './tags.ts';

/** Tag byte and the int32 length, which counts itself. */
export const frameHeaderBytes = 5;

/** The most PostgreSQL itself sends or takes: 1 GB less one byte, the largest value it can hold in memory. */
export const defaultMaxFrameBytes = 0x3fff_ffff;

/** A length is only a claim: memory for it grows with the bytes that really come. */
const firstAllocationBytes = 64 * 1024;

/** @throws PROTO_FRAME_LENGTH */
export function checkFrameLength(tag: number, length: number, maxFrameBytes: number): void {
  if (length >= 4 && length <= maxFrameBytes) return;
  throw new SluiceError('PROTO_FRAME_LENGTH', {
    tag: describeTag(tag),
    length,
    limit: maxFrameBytes,
  });
}

/** One frame that several chunks bring, put together in memory of its own that is never reused. */
export class CutFrame {
  bytes: Buffer = Buffer.alloc(0);
  private readonly maxFrameBytes: number;
  private filled = 0;
  /** Tag, length and body; only the header's size until the header is there. */
  private total = frameHeaderBytes;

  constructor(maxFrameBytes: number) {
    this.maxFrameBytes = maxFrameBytes;
  }

  get isEmpty(): boolean {
    return this.filled === 0;
  }

  get isComplete(): boolean {
    return this.filled === this.total && this.filled >= frameHeaderBytes && this.isHeaderRead;
  }

  get tag(): number {
    return byteAt(this.bytes, 0);
  }

  get end(): number {
    return this.total;
  }

  private isHeaderRead = false;

  /** Takes what belongs to this frame from `[at, end)` and returns where it stopped. */
  fill(chunk: Buffer, at: number, end: number): number {
    let next = this.take(chunk, at, end);
    if (!this.isHeaderRead && this.filled === frameHeaderBytes) {
      this.readHeader();
      next = this.take(chunk, next, end);
    }
    return next;
  }

  /** What was filled in so far; the frame is empty again. */
  release(): Buffer {
    const bytes = this.bytes.subarray(0, this.filled);
    this.bytes = Buffer.alloc(0);
    this.filled = 0;
    this.total = frameHeaderBytes;
    this.isHeaderRead = false;
    return bytes;
  }

  private readHeader(): void {
    const length = int32At(this.bytes, 1);
    checkFrameLength(this.tag, length, this.maxFrameBytes);
    this.total = length + 1;
    this.isHeaderRead = true;
  }

  private take(chunk: Buffer, at: number, end: number): number {
    const count = Math.min(this.total - this.filled, end - at);
    if (count <= 0) return at;
    this.reserve(this.filled + count);
    chunk.copy(this.bytes, this.filled, at, at + count);
    this.filled += count;
    return at + count;
  }

  private reserve(needed: number): void {
    if (needed <= this.bytes.length) return;
    const wanted = this.isHeaderRead
      ? Math.max(needed, Math.min(this.total, Math.max(firstAllocationBytes, needed * 2)))
      : frameHeaderBytes;
    const grown = Buffer.allocUnsafe(wanted);
    this.bytes.copy(grown, 0, 0, this.filled);
    this.bytes = grown;
  }
}
