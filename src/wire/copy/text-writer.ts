import { SluiceError } from '../../errors/index.ts';
import { OutputBuffer } from '../output-buffer.ts';
import { CellKind, type TupleCells } from '../tuple-cells.ts';
import { describeTag } from '../tags.ts';
import type { CopyWriterOptions } from './binary-writer.ts';
import { CopyFrame, targetFrameBytes } from './copy-frame.ts';

const tab = 0x09;
const newline = 0x0a;
const backslash = 0x5c;
const upperN = 0x4e;

/** The letter that stands for a byte after a backslash; 0: the byte stands for itself (PostgreSQL manual, COPY). */
const escapeLetters = new Uint8Array(256);
for (const [byte, letter] of ['\bb', '\ff', '\nn', '\rr', '\tt', '\vv', '\\\\']) {
  escapeLetters[(byte ?? '').charCodeAt(0)] = (letter ?? '').charCodeAt(0);
}

/**
 * Writes COPY text input out of pgoutput tuples: values are escaped where COPY needs it, never decoded.
 *
 * The output is whole CopyData messages, several rows in one, for `COPY t (columns) FROM STDIN`.
 */
export class CopyTextWriter {
  private readonly out: OutputBuffer;
  private readonly frame: CopyFrame;
  /** Rows written since the writer was made. */
  rowCount = 0;

  constructor(options: CopyWriterOptions = {}) {
    this.out = new OutputBuffer(options.initialBytes ?? targetFrameBytes * 2);
    this.frame = new CopyFrame(this.out);
  }

  /** Bytes written since the last take. */
  get byteLength(): number {
    return this.out.byteLength;
  }

  /** COPY text has no header; here for the same shape as the binary writer. */
  begin(): void {
    this.frame.openForRow();
  }

  /**
   * Appends one row; a row that throws leaves nothing behind.
   *
   * @param columns  columns[i] is the index in `cells` of the i-th field
   * @throws PROTO_COPY_CELL  a cell is missing, or unchanged TOAST, or binary
   */
  row(bytes: Buffer, cells: TupleCells, columns: Int32Array): void {
    const { count, kind, start, end } = cells;
    const fieldCount = columns.length;
    // Escaping at most doubles a value; a NULL and the byte after a field take 3.
    let needed = 1 + 3 * fieldCount;
    for (let i = 0; i < fieldCount; i++) {
      const column = columns[i]!;
      const cellKind = kind[column];
      if (column >= count) throw badCell(0, i);
      if (cellKind !== CellKind.text && cellKind !== CellKind.null) throw badCell(cellKind, i);
      needed += 2 * (end[column]! - start[column]!);
    }
    this.frame.openForRow();
    const { out } = this;
    out.reserve(needed);
    const target = out.bytes;
    let at = out.at;
    for (let i = 0; i < fieldCount; i++) {
      const column = columns[i]!;
      if (i > 0) target[at++] = tab;
      if (kind[column] === CellKind.null) {
        target[at++] = backslash;
        target[at++] = upperN;
      } else {
        at = putEscaped(target, at, bytes, start[column]!, end[column]!);
      }
    }
    target[at++] = newline;
    out.at = at;
    this.rowCount++;
  }

  /** COPY text has no trailer. */
  end(): void {
    this.frame.close();
  }

  /** Hands over the CopyData messages written since the last take; the bytes are the caller's. */
  take(): Buffer {
    this.frame.close();
    return this.out.take();
  }
}

/** In UTF-8 no byte of a longer character equals one that COPY gives a meaning. */
function putEscaped(target: Buffer, at: number, bytes: Buffer, start: number, end: number): number {
  let next = at;
  for (let i = start; i < end; i++) {
    const byte = bytes[i]!;
    const letter = escapeLetters[byte]!;
    if (letter === 0) {
      target[next++] = byte;
    } else {
      target[next++] = backslash;
      target[next++] = letter;
    }
  }
  return next;
}

function badCell(kind: number | undefined, field: number): SluiceError {
  return new SluiceError('PROTO_COPY_CELL', {
    field,
    kind: describeTag(kind ?? 0),
    format: 'text',
  });
}
