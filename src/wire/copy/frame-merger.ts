import { int32At, putInt32 } from '../bytes.ts';
import { copyFrameHeaderBytes } from './copy-frame.ts';

/** A message cut by the end of a run is kept for the next one up to this length; a longer one is passed on as it is. */
const keptBytes = 16 * 1024;

const none = Buffer.alloc(0);

/**
 * Makes one CopyData message of the many that a run holds. A server sends a row by itself and takes them in any
 * portions; each message costs it as much as a short row does (bench/wire/wire-copy-frames.bench.ts).
 *
 *     run     | d len row 1 | d len row 2 | d len ro      kept: d len ro
 *     merged  | d len row 1 row 2 |
 */
export class CopyFrameMerger {
  /** The beginning of a message that the last run cut. */
  private kept: Buffer = none;
  /** Bytes still to come of a message that is passed on as it is. */
  private passing = 0;

  /**
   * Takes CopyData messages, headers included; the first run begins with one, a run may end inside of one.
   *
   * @param run is written to
   * @returns pieces of `run`, or of memory of their own in its place, to be sent in this order
   */
  merge(run: Buffer): Buffer[] {
    const pieces: Buffer[] = [];
    let bytes = run;
    let at = Math.min(this.passing, run.length);
    if (at > 0) {
      pieces.push(run.subarray(0, at));
      this.passing -= at;
    } else if (this.kept.length > 0) {
      bytes = join(this.kept, run);
      this.kept = none;
    }
    const first = at;
    let to = first + copyFrameHeaderBytes;
    while (at + copyFrameHeaderBytes <= bytes.length) {
      const end = at + 1 + int32At(bytes, at + 1);
      if (end > bytes.length) break;
      const body = at + copyFrameHeaderBytes;
      if (to !== body) bytes.copyWithin(to, body, end);
      to += end - body;
      at = end;
    }
    if (at > first) {
      putInt32(bytes, first + 1, to - first - 1);
      pieces.push(bytes.subarray(first, to));
    }
    if (at < bytes.length) this.cut(bytes.subarray(at), pieces);
    return pieces;
  }

  private cut(rest: Buffer, pieces: Buffer[]): void {
    const length = rest.length < copyFrameHeaderBytes ? 0 : 1 + int32At(rest, 1);
    if (length <= keptBytes) {
      this.kept = Buffer.from(rest);
      return;
    }
    pieces.push(rest);
    this.passing = length - rest.length;
  }
}

function join(kept: Buffer, run: Buffer): Buffer {
  const joined = Buffer.allocUnsafeSlow(kept.length + run.length);
  kept.copy(joined);
  run.copy(joined, kept.length);
  return joined;
}
