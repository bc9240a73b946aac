import { putInt32 } from '../bytes.ts';
import type { OutputBuffer } from '../output-buffer.ts';
import { FrontendTag } from '../tags.ts';

/**
 * CopyData messages are closed once they are this long. Several rows share one: the server reads COPY
 * input message by message and does not care where rows end, and loads small rows faster
 * (bench/wire/wire-copy-frames.bench.ts).
 */
export const targetFrameBytes = 64 * 1024;

export const copyFrameHeaderBytes = 5;

/** Keeps one CopyData message open at the end of an OutputBuffer. */
export class CopyFrame {
  private readonly out: OutputBuffer;
  /** Counted from the piece's start, as growing moves the piece; -1: no message is open. */
  private frameStart = -1;

  constructor(out: OutputBuffer) {
    this.out = out;
  }

  get isOpen(): boolean {
    return this.frameStart >= 0;
  }

  /** Opens a message, or closes the open one and opens the next when it is long enough. */
  openForRow(): void {
    const { out } = this;
    if (this.frameStart >= 0) {
      if (out.byteLength - this.frameStart < targetFrameBytes) return;
      this.close();
    }
    out.reserve(copyFrameHeaderBytes);
    this.frameStart = out.byteLength;
    out.bytes[out.at] = FrontendTag.copyData;
    out.at += copyFrameHeaderBytes;
  }

  /** Writes the open message's length. */
  close(): void {
    if (this.frameStart < 0) return;
    const { out } = this;
    putInt32(out.bytes, out.start + this.frameStart + 1, out.byteLength - this.frameStart - 1);
    this.frameStart = -1;
  }
}
