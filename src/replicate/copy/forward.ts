import type { CopyIn, Session } from '../../session/index.ts';
import { CopyFrameMerger, freeMemory } from '../../wire/index.ts';

export interface Forwarded {
  /** Rows that the source sent. */
  readonly sent: number;
  /** Rows that the target kept. */
  readonly kept: number;
  /** CopyData messages, headers included. */
  readonly bytes: number;
}

/**
 * Sends the rows of one COPY into another, unread: both directions take the same bytes. A slow
 * target stops the source; a failure of either leaves both sessions in an unknown state.
 */
export async function forwardCopy(
  source: Session,
  copyOut: string,
  target: Session,
  copyIn: string,
  onBytes: (bytes: number) => void,
): Promise<Forwarded> {
  const into = new CopySink(await target.copyIn(copyIn), onBytes);
  const { rowCount: sent } = await source.copyOut(copyOut, into.take);
  const { rowCount: kept } = await into.end();
  return { sent: sent ?? 0, kept: kept ?? 0, bytes: into.bytes };
}

/**
 * Bytes written beyond what the socket takes at once. Stopping and starting the source's socket for every
 * buffer costs more than the buffers do (bench/replicate/copy.bench.ts).
 */
const windowBytes = 1024 * 1024;

class CopySink {
  bytes = 0;
  readonly #copy: CopyIn;
  readonly #onBytes: (bytes: number) => void;
  readonly #frames = new CopyFrameMerger();
  /** Written since the socket was last empty. */
  #waiting = 0;

  constructor(copy: CopyIn, onBytes: (bytes: number) => void) {
    this.#copy = copy;
    this.#onBytes = onBytes;
  }

  readonly take = (run: Buffer): Promise<void> | undefined => {
    const { length } = run; // gone with its memory
    this.bytes += length;
    this.#onBytes(length);
    let drained: Promise<void> | undefined;
    const pieces = this.#frames.merge(run);
    const last = pieces.at(-1);
    const isRun = last?.buffer === run.buffer;
    if (!isRun) freeRun(run);
    for (const piece of pieces) {
      const free = isRun ? () => freeRun(run) : () => freeMemory(piece);
      drained = this.#copy.write(piece, piece === last ? free : undefined);
    }
    if (drained === undefined) {
      this.#waiting = 0;
      return undefined;
    }
    this.#waiting += length;
    if (this.#waiting >= windowBytes) {
      this.#waiting = 0;
      return drained;
    }
    // An error comes again with the next write, or at the end.
    drained.catch(() => undefined);
    return undefined;
  };

  end(): Promise<{ rowCount: number | null }> {
    return this.#copy.end();
  }
}

/** A run that shares its memory with something else (the messages after the last row) is left alone. */
function freeRun(run: Buffer): void {
  if (run.buffer.byteLength === run.byteLength) freeMemory(run);
}
