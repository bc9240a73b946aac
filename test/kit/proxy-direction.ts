import type { Socket } from 'node:net';
import { setImmediate as turn, setTimeout as delay } from 'node:timers/promises';

/** Held per connection and direction, so that a stall is felt by the sender as from a full window. */
const queueBytes = 64 * 1024;
/** With a delay the wire itself holds bytes: room for 100 ms at 40 MB/s. */
const longWireBytes = 4 * 1024 * 1024;

/** One connection's half in one direction. */
export interface Carriage {
  /** Throw away what comes from now on, and tell nobody. */
  swallow(): void;
}

interface Parcel {
  readonly bytes: Buffer;
  readonly arrivedAt: number;
}

/**
 * One direction of a proxy; its settings hold for every connection, open ones too.
 *
 *   reader --data--> [queue: delay, stall, pace, count] --write--> writer
 */
export class Direction {
  /** Every chunk arrives this much later; chunks overlap, as on a long wire. */
  delayMs = 0;
  /** Bytes per second of each connection; 0 is no limit. */
  bytesPerSecond = 0;
  /** Nothing larger arrives in one piece; 0 is no limit. */
  pieceBytes = 0;
  /** Bytes carried since the start, all connections together. */
  bytes = 0;
  readonly #cut: () => void;
  #bytesUntilCut = Infinity;
  #stalled: PromiseWithResolvers<void> | null = null;

  constructor(cut: () => void) {
    this.#cut = cut;
  }

  /** Carry this many more bytes, over all connections, then reset every connection: mid-frame too. */
  cutAfter(bytes: number): void {
    this.#bytesUntilCut = bytes;
    if (bytes === 0) this.#cutNow();
  }

  /** Carry nothing until `resume`; nobody is told. The sender sees its buffers fill up. */
  stall(): void {
    this.#stalled ??= Promise.withResolvers<void>();
  }

  resume(): void {
    this.#stalled?.resolve();
    this.#stalled = null;
  }

  /** Carry what `reader` receives to `writer`, in order, with back-pressure, until either ends. */
  carry(reader: Socket, writer: Socket): Carriage {
    const queue: Parcel[] = [];
    let queued = 0;
    let ended = false;
    let swallowing = false;
    let pumping = false;

    const pump = async (): Promise<void> => {
      if (pumping) return;
      pumping = true;
      for (let next = queue.shift(); next !== undefined; next = queue.shift()) {
        await this.#hold(next);
        queued -= next.bytes.length;
        for (const piece of this.#piecesOf(next.bytes)) {
          if (swallowing) break;
          await this.#write(writer, piece);
          if (this.pieceBytes > 0) await turn(); // so that it arrives by itself
        }
        if (queued < queueBytes) reader.resume();
      }
      pumping = false;
      if (ended && !swallowing) writer.end();
    };

    reader.on('data', (bytes) => {
      if (swallowing) return;
      queue.push({ bytes, arrivedAt: Date.now() });
      queued += bytes.length;
      if (queued >= (this.delayMs > 0 ? longWireBytes : queueBytes)) reader.pause();
      void pump();
    });
    reader.once('end', () => {
      ended = true;
      void pump();
    });
    return {
      swallow: () => {
        swallowing = true;
        reader.resume();
      },
    };
  }

  #piecesOf(bytes: Buffer): Buffer[] {
    const size = this.pieceBytes === 0 ? bytes.length : this.pieceBytes;
    const pieces: Buffer[] = [];
    for (let at = 0; at < bytes.length; at += size) pieces.push(bytes.subarray(at, at + size));
    return pieces;
  }

  async #hold(parcel: Parcel): Promise<void> {
    const wire = parcel.arrivedAt + this.delayMs - Date.now();
    if (wire > 0) await delay(wire);
    if (this.bytesPerSecond > 0) await delay((parcel.bytes.length * 1000) / this.bytesPerSecond);
    if (this.#stalled !== null) await this.#stalled.promise;
  }

  async #write(writer: Socket, bytes: Buffer): Promise<void> {
    if (writer.destroyed || writer.writableEnded) return;
    const part = bytes.subarray(0, Math.min(bytes.length, this.#bytesUntilCut));
    this.bytes += part.length;
    this.#bytesUntilCut -= part.length;
    const isTaken = await new Promise<boolean>((resolve) => {
      writer.write(part, (error) => resolve(error === undefined || error === null));
    });
    if (isTaken && this.#bytesUntilCut === 0) this.#cutNow();
  }

  #cutNow(): void {
    this.#bytesUntilCut = Infinity;
    this.#cut();
  }
}
