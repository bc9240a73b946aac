import { byteAt, int32At } from './bytes.ts';
import { checkFrameLength, CutFrame, defaultMaxFrameBytes, frameHeaderBytes } from './cut-frame.ts';
import type { OnFrame, ScannerOptions } from './frames.ts';
import { BackendTag } from './tags.ts';

/** Bytes `[start, end)` of CopyData messages, headers included, as they came. Borrowed, as in OnFrame. */
export type OnRun = (bytes: Buffer, start: number, end: number) => void;

const empty = Buffer.alloc(0);

/**
 * Scans what a server sends during COPY OUT by headers only: runs of CopyData messages go to `onRun`
 * unread, so that they can be written to another server's COPY IN as they are; every other message
 * goes to `onFrame`, whole.
 *
 * A run may end inside a message, even inside its header; the next run goes on there. While
 * `isMidMessage`, the receiver of the runs stands inside a message too: nothing else can be sent to it.
 */
export class CopyRunScanner {
  private readonly maxFrameBytes: number;
  private readonly cut: CutFrame;
  /** Bytes of the current CopyData message that are still to come. */
  private bodyLeft = 0;
  /** The header of a CopyData message that the last chunk ended in: bytes seen (0: none) and its length so far. */
  private headerSeen = 0;
  private headerLength = 0;
  private rest: Buffer = empty;
  private chunk: Buffer = empty;
  private at = 0;

  constructor(options: ScannerOptions = {}) {
    this.maxFrameBytes = options.maxFrameBytes ?? defaultMaxFrameBytes;
    this.cut = new CutFrame(this.maxFrameBytes);
  }

  get isMidMessage(): boolean {
    return this.bodyLeft > 0 || this.headerSeen > 0;
  }

  /** @throws PROTO_FRAME_LENGTH */
  push(chunk: Buffer, onRun: OnRun, onFrame: OnFrame): void {
    this.chunk = this.rest.length === 0 ? chunk : Buffer.concat([this.rest, chunk]);
    this.rest = empty;
    this.at = 0;
    try {
      if (!this.cut.isEmpty) this.fillCutFrame(onFrame);
      while (this.at < this.chunk.length) {
        if (this.isMidMessage || this.chunk[this.at] === BackendTag.copyData) this.takeRun(onRun);
        else this.takeFrame(onFrame);
      }
    } finally {
      this.rest = this.at < this.chunk.length ? this.chunk.subarray(this.at) : empty;
      this.chunk = empty;
    }
  }

  /** The bytes not delivered yet, for the scanner that goes on after COPY; this one is empty afterwards. */
  detach(): Buffer {
    const unread = [this.cut.release(), this.rest, this.chunk.subarray(this.at)];
    this.rest = empty;
    this.at = this.chunk.length;
    return Buffer.concat(unread);
  }

  private takeRun(onRun: OnRun): void {
    const { chunk, maxFrameBytes } = this;
    const length = chunk.length;
    const start = this.at;
    let at = this.skipOpenMessage(start);
    while (at < length && chunk[at] === BackendTag.copyData) {
      if (at + frameHeaderBytes > length) {
        at = this.readHeaderPart(at);
        break;
      }
      const frameLength = int32At(chunk, at + 1);
      if (frameLength < 4 || frameLength > maxFrameBytes) {
        checkFrameLength(BackendTag.copyData, frameLength, maxFrameBytes);
      }
      at += 1 + frameLength;
      if (at > length) {
        this.bodyLeft = at - length;
        at = length;
      }
    }
    this.at = at;
    onRun(chunk, start, at);
  }

  /** Past the message that an earlier chunk began, or to the end of this one. */
  private skipOpenMessage(from: number): number {
    const at = this.headerSeen > 0 ? this.readHeaderPart(from) : from;
    const skipped = Math.min(this.bodyLeft, this.chunk.length - at);
    this.bodyLeft -= skipped;
    return at + skipped;
  }

  private readHeaderPart(from: number): number {
    let at = from;
    while (this.headerSeen < frameHeaderBytes && at < this.chunk.length) {
      const byte = byteAt(this.chunk, at++);
      this.headerLength = this.headerSeen === 0 ? 0 : (this.headerLength << 8) | byte;
      this.headerSeen++;
    }
    if (this.headerSeen === frameHeaderBytes) {
      checkFrameLength(BackendTag.copyData, this.headerLength, this.maxFrameBytes);
      this.bodyLeft = this.headerLength - 4;
      this.headerSeen = 0;
    }
    return at;
  }

  private takeFrame(onFrame: OnFrame): void {
    const { chunk, at } = this;
    if (at + frameHeaderBytes <= chunk.length) {
      const tag = byteAt(chunk, at);
      const frameLength = int32At(chunk, at + 1);
      checkFrameLength(tag, frameLength, this.maxFrameBytes);
      const end = at + 1 + frameLength;
      if (end <= chunk.length) {
        this.at = end;
        onFrame(tag, chunk, at + frameHeaderBytes, end);
        return;
      }
    }
    this.fillCutFrame(onFrame);
  }

  private fillCutFrame(onFrame: OnFrame): void {
    const { cut } = this;
    this.at = cut.fill(this.chunk, this.at, this.chunk.length);
    if (!cut.isComplete) return;
    const { tag, end } = cut;
    onFrame(tag, cut.release(), frameHeaderBytes, end);
  }
}
