import type { FileHandle } from 'node:fs/promises';
import { crc32 } from 'node:zlib';
import { lsn, type Lsn } from '../wire/index.ts';
import type { ChangeBlock } from './block.ts';
import { readFully } from './disk.ts';
import { decodeSpill, encodeSpill } from './spill-codec.ts';

/** How a stream writes the values of rows. */
export type ValueFormat = 'binary' | 'text';

/**
 * At the head of each file: the log's name, `b` or `t` for how values are written in it, u64 LSN that it
 * continues from, u32 CRC-32. Little endian.
 */
export const fileHeadBytes = 20;
const logName = 'sluice2';
const formats = ['binary', 'text'] as const;

export interface FileHead {
  readonly from: Lsn;
  readonly format: ValueFormat;
}

/** Before each record: u32 length of its bytes, u32 CRC-32 of them. Little endian. */
const recordHeadBytes = 8;

// Small records are read many at a time.
const windowBytes = 1024 * 1024;

export interface LogRecord {
  readonly at: number;
  /** Where the next record begins. */
  readonly end: number;
  readonly block: ChangeBlock;
}

export function encodeFileHead({ from, format }: FileHead): Buffer {
  const head = Buffer.allocUnsafe(fileHeadBytes);
  head.write(logName + format.charAt(0), 0, 'latin1');
  head.writeBigUInt64LE(from, 8);
  head.writeUInt32LE(crc32(head.subarray(0, 16)), 16);
  return head;
}

/** Null when there is no intact head. */
export async function readFileHead(file: FileHandle): Promise<FileHead | null> {
  const head = await readFully(file, 0, fileHeadBytes);
  if (head.length < fileHeadBytes || head.toString('latin1', 0, 7) !== logName) return null;
  if (head.readUInt32LE(16) !== crc32(head.subarray(0, 16))) return null;
  const format = formats.find((known) => known.charCodeAt(0) === head[7]);
  return format === undefined ? null : { from: lsn(head.readBigUInt64LE(8)), format };
}

/** A block as it stands in the log: length, checksum, compressed bytes. */
export async function encodeRecord(block: ChangeBlock): Promise<Buffer> {
  const body = await encodeSpill({ block, notes: null });
  const record = Buffer.allocUnsafe(recordHeadBytes + body.length);
  record.writeUInt32LE(body.length, 0);
  record.writeUInt32LE(crc32(body), 4);
  body.copy(record, recordHeadBytes);
  return record;
}

/** Reads the records of a file one after another, holding one (or a window of small ones) at a time. */
export class RecordReader {
  readonly #file: FileHandle;
  #at: number;
  #window: Buffer = Buffer.alloc(0);
  #windowAt = 0;

  constructor(file: FileHandle, at = fileHeadBytes) {
    this.#file = file;
    this.#at = at;
  }

  /** Behind the last record that was intact. */
  get at(): number {
    return this.#at;
  }

  /** The next record before `size`; null when there is none, or what follows is not intact. */
  async next(size: number): Promise<LogRecord | null> {
    const at = this.#at;
    const head = await this.#bytes(at, recordHeadBytes, size);
    if (!head) return null;
    const body = await this.#bytes(at + recordHeadBytes, head.readUInt32LE(0), size);
    if (!body || crc32(body) !== head.readUInt32LE(4)) return null;
    const { block } = await decodeSpill(body);
    this.#at = at + recordHeadBytes + body.length;
    return { at, end: this.#at, block };
  }

  async #bytes(at: number, length: number, size: number): Promise<Buffer | null> {
    if (at + length > size) return null;
    if (at < this.#windowAt || at + length > this.#windowAt + this.#window.length) {
      const wanted = Math.max(length, Math.min(windowBytes, size - at));
      this.#window = await readFully(this.#file, at, wanted);
      this.#windowAt = at;
      if (this.#window.length < length) return null;
    }
    const from = at - this.#windowAt;
    return this.#window.subarray(from, from + length);
  }
}
