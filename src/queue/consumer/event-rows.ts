import { createRowCells, FrameScanner, int32At, readDataRow } from '../../wire/index.ts';
import type { QueueEvent } from './event.ts';

/** COPY BINARY begins with a signature of 11 bytes and two lengths (PostgreSQL manual, COPY). */
const copyHeaderBytes = 19;

/** From the Unix epoch to 2000-01-01 UTC, where PostgreSQL's clocks start. */
const postgresEpochMs = 946_684_800_000;

/** The two bytes of the trailer, where rows have their number of columns. */
const trailerBytes = 2;

/**
 * Reads events out of `COPY (pgq.batch_event_sql) TO STDOUT (FORMAT binary)`, one object a row with nothing left
 * to look up: a batch is read at 600 k events/s (bench/queue).
 */
export class EventRows {
  readonly #scanner = new FrameScanner();
  readonly #cells = createRowCells();
  readonly #take: (event: QueueEvent) => void;
  #isFirst = true;
  /** The type of the row before: most rows have the same, and comparing is cheaper than decoding. */
  #lastType = '';
  #lastTypeBytes: Buffer = Buffer.alloc(0);

  constructor(take: (event: QueueEvent) => void) {
    this.#take = take;
  }

  /** CopyData messages as they came; may end inside one. */
  push(bytes: Buffer): void {
    this.#scanner.push(bytes, this.#onFrame);
  }

  readonly #onFrame = (_tag: number, bytes: Buffer, start: number, end: number): void => {
    const at = this.#isFirst ? start + copyHeaderBytes : start;
    this.#isFirst = false;
    if (end - at <= trailerBytes) return;
    readDataRow(bytes, at, end, this.#cells);
    this.#take(this.#readEvent(bytes));
  };

  #readEvent(bytes: Buffer): QueueEvent {
    const { start } = this.#cells;
    const retryAt = start[3]!;
    const timeUs = readNumber64(bytes, start[1]!);
    const timeMs = Math.floor(timeUs / 1000);
    return {
      id: readInt64(bytes, start[0]!),
      time: new Date(timeMs + postgresEpochMs),
      timeMicros: timeUs - timeMs * 1000,
      txid: readInt64(bytes, start[2]!),
      retry: retryAt < 0 ? 0 : int32At(bytes, retryAt),
      type: this.#readType(bytes),
      data: this.#readText(bytes, 5),
      extra1: this.#readText(bytes, 6),
      extra2: this.#readText(bytes, 7),
      extra3: this.#readText(bytes, 8),
      extra4: this.#readText(bytes, 9),
    };
  }

  /** An event without a type has the type ''. */
  #readType(bytes: Buffer): string {
    const { start, end } = this.#cells;
    const from = start[4]!;
    if (from < 0) return '';
    if (this.#lastTypeBytes.compare(bytes, from, end[4]) !== 0) {
      this.#lastType = bytes.toString('utf8', from, end[4]);
      this.#lastTypeBytes = Buffer.from(bytes.subarray(from, end[4]));
    }
    return this.#lastType;
  }

  #readText(bytes: Buffer, column: number): string | null {
    const from = this.#cells.start[column]!;
    return from < 0 ? null : bytes.toString('utf8', from, this.#cells.end[column]);
  }
}

function readInt64(bytes: Buffer, at: number): bigint {
  return BigInt(readNumber64(bytes, at));
}

/** Exact up to 2^53: event and transaction numbers and microseconds stay below for centuries. */
function readNumber64(bytes: Buffer, at: number): number {
  return int32At(bytes, at) * 4_294_967_296 + (int32At(bytes, at + 4) >>> 0);
}
