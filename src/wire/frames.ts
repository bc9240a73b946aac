import { byteAt, int32At } from './bytes.ts';
import { checkFrameLength, CutFrame, defaultMaxFrameBytes, frameHeaderBytes } from './cut-frame.ts';

/**
 * One message: its tag, and its body in `bytes[start, end)`. The bytes are borrowed: a view of the chunk
 * that was pushed, or memory of its own for a message that several chunks brought. Neither is written
 * again by the scanner, so they stay good as long as the chunk's owner leaves the chunk alone.
 */
export type OnFrame = (tag: number, bytes: Buffer, start: number, end: number) => void;

export interface ScannerOptions {
  /** Largest length a message may announce. Default: PostgreSQL's own limit, 1 GB less one byte. */
  readonly maxFrameBytes?: number;
}

const empty = Buffer.alloc(0);

/**
 * Cuts a byte stream into tagged messages, whatever way the stream was split into chunks.
 *
 * A message wholly inside a chunk is delivered without copying. When `onFrame` throws, that message
 * counts as delivered and the rest of the chunk is kept for the next push. `onFrame` may call `detach`.
 */
export class FrameScanner {
  private readonly maxFrameBytes: number;
  private readonly cut: CutFrame;
  /** What a detach or a throw inside `onFrame` left unread. */
  private rest: Buffer = empty;
  private chunk: Buffer = empty;
  private at = 0;

  constructor(options: ScannerOptions = {}) {
    this.maxFrameBytes = options.maxFrameBytes ?? defaultMaxFrameBytes;
    this.cut = new CutFrame(this.maxFrameBytes);
  }

  /** @throws PROTO_FRAME_LENGTH  the stream is not what we take it for; it cannot be scanned further */
  push(chunk: Buffer, onFrame: OnFrame): void {
    this.chunk = this.rest.length === 0 ? chunk : Buffer.concat([this.rest, chunk]);
    this.rest = empty;
    this.at = 0;
    try {
      if (!this.cut.isEmpty) this.finishCutFrame(onFrame);
      this.scan(onFrame);
    } finally {
      this.rest = this.at < this.chunk.length ? this.chunk.subarray(this.at) : empty;
      this.chunk = empty;
    }
  }

  /** The bytes not delivered yet, for another reader of the stream; the scanner is empty afterwards. */
  detach(): Buffer {
    const unread = [this.cut.release(), this.rest, this.chunk.subarray(this.at)];
    this.rest = empty;
    this.at = this.chunk.length;
    return Buffer.concat(unread);
  }

  private finishCutFrame(onFrame: OnFrame): void {
    const { cut } = this;
    this.at = cut.fill(this.chunk, 0, this.chunk.length);
    if (!cut.isComplete) return;
    const { tag, end } = cut;
    onFrame(tag, cut.release(), frameHeaderBytes, end);
  }

  private scan(onFrame: OnFrame): void {
    const { chunk, maxFrameBytes } = this;
    const length = chunk.length;
    // `this.at` moves before each delivery and is read back after it: onFrame may throw or detach.
    while (this.at + frameHeaderBytes <= length) {
      const at = this.at;
      const tag = byteAt(chunk, at);
      const frameLength = int32At(chunk, at + 1);
      if (frameLength < 4 || frameLength > maxFrameBytes) {
        checkFrameLength(tag, frameLength, maxFrameBytes);
      }
      const end = at + 1 + frameLength;
      if (end > length) break;
      this.at = end;
      onFrame(tag, chunk, at + frameHeaderBytes, end);
    }
    if (this.at < length) this.at = this.cut.fill(chunk, this.at, length);
  }
}
