import { SluiceError } from '../../errors/index.ts';
import { putInt16, putInt32 } from '../bytes.ts';
import { OutputBuffer } from '../output-buffer.ts';
import { CellKind, type TupleCells } from '../tuple-cells.ts';
import { loopedBytes } from '../put-bytes.ts';
import { describeTag } from '../tags.ts';
import { CopyFrame, targetFrameBytes } from './copy-frame.ts';

export interface CopyWriterOptions {
  /** Size of the first buffer. Default 128 kB: two messages. */
  readonly initialBytes?: number;
}

/** PostgreSQL manual, COPY, "Binary Format": signature, no flags, no header extension. */
const fileHeader = Buffer.from('PGCOPY\n\xff\r\n\0\0\0\0\0\0\0\0\0', 'latin1');
/** A field count of -1 ends the data. */
const fileTrailer = Buffer.from([0xff, 0xff]);

/**
 * Writes COPY BINARY input out of pgoutput tuples: values are moved, never decoded.
 *
 * The output is whole CopyData messages, several rows in one; between `begin` and `end` it is what a
 * server expects after `COPY t (columns) FROM STDIN (FORMAT binary)`.
 */
export class CopyBinaryWriter {
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

  begin(): void {
    this.append(fileHeader);
  }

  /**
   * Appends one row; a row that throws leaves nothing behind.
   *
   * @param bytes  what `cells` points into
   * @param columns  columns[i] is the index in `cells` of the i-th field
   * @param textFields  textFields[i] is 1 where a text cell may stand as it is, because the target's
   *   column has a type whose binary form is its text (text, varchar, ...)
   * @throws PROTO_COPY_CELL  a cell is missing, or unchanged TOAST, or text where textFields does not allow it
   */
  row(bytes: Buffer, cells: TupleCells, columns: Int32Array, textFields?: Uint8Array): void {
    const fieldCount = columns.length;
    const { count, kind, start, end } = cells;
    let needed = 2 + 4 * fieldCount;
    for (let i = 0; i < fieldCount; i++) {
      const column = columns[i]!;
      const cellKind = kind[column];
      if (column >= count || cellKind !== CellKind.binary) {
        checkCell(column < count ? cellKind : 0, i, textFields);
      }
      needed += end[column]! - start[column]!;
    }
    this.frame.openForRow();
    const { out } = this;
    out.reserve(needed);
    const target = out.bytes;
    let at = out.at;
    putInt16(target, at, fieldCount);
    at += 2;
    for (let i = 0; i < fieldCount; i++) {
      const column = columns[i]!;
      if (kind[column] === CellKind.null) {
        putInt32(target, at, -1);
        at += 4;
        continue;
      }
      const from = start[column]!;
      const to = end[column]!;
      const length = to - from;
      putInt32(target, at, length);
      at += 4;
      if (length > loopedBytes) {
        bytes.copy(target, at, from, to);
        at += length;
      } else {
        for (let j = from; j < to; j++) target[at++] = bytes[j]!;
      }
    }
    out.at = at;
    this.rowCount++;
  }

  end(): void {
    this.append(fileTrailer);
  }

  /** Hands over the CopyData messages written since the last take; the bytes are the caller's. */
  take(): Buffer {
    this.frame.close();
    return this.out.take();
  }

  private append(bytes: Buffer): void {
    this.frame.openForRow();
    this.out.reserve(bytes.length);
    this.out.at += bytes.copy(this.out.bytes, this.out.at);
  }
}

/** Binary and NULL can be written; text where told. */
function checkCell(kind: number | undefined, field: number, textFields?: Uint8Array): void {
  if (kind === CellKind.null) return;
  if (kind === CellKind.text && textFields?.[field] === 1) return;
  throw new SluiceError('PROTO_COPY_CELL', {
    field,
    kind: describeTag(kind ?? 0),
    format: 'binary',
  });
}
