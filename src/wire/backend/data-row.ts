import { SluiceError } from '../../errors/index.ts';
import { int16At, int32At } from '../bytes.ts';

/** Where the values of one DataRow lie. Reused from row to row: read it before the next one. */
export interface RowCells {
  count: number;
  /** -1: NULL. */
  start: Int32Array;
  end: Int32Array;
}

const nullStart = -1;

export function createRowCells(capacity = 16): RowCells {
  return { count: 0, start: new Int32Array(capacity), end: new Int32Array(capacity) };
}

/** Find the values of a DataRow body, without decoding or copying them. */
export function readDataRow(bytes: Buffer, start: number, end: number, into: RowCells): void {
  if (end - start < 2) throw truncated(2, end - start);
  const count = int16At(bytes, start);
  let at = start + 2;
  if (count < 0 || count * 4 > end - at) throw truncated(count * 4, end - at);
  if (count > into.start.length) growRowCells(into, count);
  into.count = count;
  for (let i = 0; i < count; i++) {
    if (end - at < 4) throw truncated(4, end - at);
    const length = int32At(bytes, at);
    at += 4;
    if (length < 0) {
      if (length !== -1) throw badLength(length);
      into.start[i] = nullStart;
      into.end[i] = nullStart;
      continue;
    }
    if (length > end - at) throw truncated(length, end - at);
    into.start[i] = at;
    at += length;
    into.end[i] = at;
  }
  if (at !== end) throw new SluiceError('PROTO_TRAILING', { what: 'DataRow', left: end - at });
}

/** The values of a DataRow body as text; for results that are small or shown to people. */
export function decodeTextRow(bytes: Buffer, start: number, end: number): (string | null)[] {
  const cells = createRowCells();
  readDataRow(bytes, start, end, cells);
  const values: (string | null)[] = [];
  for (let i = 0; i < cells.count; i++) {
    const from = cells.start[i] ?? nullStart;
    values.push(from === nullStart ? null : bytes.toString('utf8', from, cells.end[i]));
  }
  return values;
}

function growRowCells(cells: RowCells, count: number): void {
  const capacity = Math.max(count, cells.start.length * 2);
  cells.start = new Int32Array(capacity);
  cells.end = new Int32Array(capacity);
}

function truncated(needed: number, left: number): SluiceError {
  return new SluiceError('PROTO_TRUNCATED', { what: 'DataRow', needed, left });
}

function badLength(length: number): SluiceError {
  return new SluiceError('PROTO_FIELD', {
    what: 'a length in DataRow',
    expected: '-1 or more',
    got: length,
  });
}
