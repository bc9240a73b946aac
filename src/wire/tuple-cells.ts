import { SluiceError } from '../errors/index.ts';
import { byteAt, int16At, int32At } from './bytes.ts';
import { describeTag } from './tags.ts';

/** How a tuple carries a cell. */
export const CellKind = {
  binary: 0x62, // b
  null: 0x6e, // n
  text: 0x74, // t
  /** A TOASTed value that the UPDATE did not touch: not sent, never to be overwritten. */
  unchanged: 0x75, // u
} as const;

/**
 * Where the cells of one tuple lie in the message, in column order. Reused from message to message and
 * grown when needed: read it before the next message, keep none of its arrays.
 */
export interface TupleCells {
  count: number;
  /** One of CellKind. */
  kind: Uint8Array;
  /** The value is `[start, end)` of the message's bytes; both 0 for NULL and unchanged. */
  start: Int32Array;
  end: Int32Array;
}

export function createTupleCells(capacity = 16): TupleCells {
  return {
    count: 0,
    kind: new Uint8Array(capacity),
    start: new Int32Array(capacity),
    end: new Int32Array(capacity),
  };
}

/** Makes room for `count` cells; what was there is lost. */
export function reserveCells(cells: TupleCells, count: number): void {
  if (count <= cells.kind.length) return;
  const capacity = Math.max(count, cells.kind.length * 2);
  cells.kind = new Uint8Array(capacity);
  cells.start = new Int32Array(capacity);
  cells.end = new Int32Array(capacity);
}

/** Find the cells of a TupleData at `at`; returns the offset after it. */
export function readTuple(bytes: Buffer, at: number, end: number, into: TupleCells): number {
  if (end - at < 2) throw truncatedTuple(2, end - at);
  const count = int16At(bytes, at);
  // Every cell takes at least its kind.
  if (count < 0 || count > end - at - 2) throw truncatedTuple(count, end - at - 2);
  if (count > into.kind.length) reserveCells(into, count);
  into.count = count;
  const { kind, start, end: ends } = into;
  let next = at + 2;
  for (let i = 0; i < count; i++) {
    if (next >= end) throw truncatedTuple(1, 0);
    const cellKind = byteAt(bytes, next++);
    kind[i] = cellKind;
    if (cellKind === CellKind.binary || cellKind === CellKind.text) {
      if (end - next < 4) throw truncatedTuple(4, end - next);
      const length = int32At(bytes, next);
      next += 4;
      if (length < 0 || length > end - next) throw badLength(length, end - next);
      start[i] = next;
      next += length;
      ends[i] = next;
    } else {
      if (cellKind !== CellKind.null && cellKind !== CellKind.unchanged) throw badKind(cellKind);
      start[i] = 0;
      ends[i] = 0;
    }
  }
  return next;
}

function truncatedTuple(needed: number, left: number): SluiceError {
  return new SluiceError('PROTO_TRUNCATED', { what: 'a tuple', needed, left });
}

function badLength(length: number, left: number): SluiceError {
  if (length >= 0) return truncatedTuple(length, left);
  const details = { what: 'a length in a tuple', expected: '0 or more', got: length };
  return new SluiceError('PROTO_FIELD', details);
}

function badKind(kind: number): SluiceError {
  const details = { what: "a cell's kind", expected: 'n, u, t or b', got: describeTag(kind) };
  return new SluiceError('PROTO_FIELD', details);
}
