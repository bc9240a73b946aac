import { randomUUID } from 'node:crypto';
import { existsSync, mkdirSync, readdirSync, readFileSync, writeFileSync } from 'node:fs';
import { open, readFile, rm, type FileHandle } from 'node:fs/promises';
import { join } from 'node:path';
import { crc32 } from 'node:zlib';
import { PgoutputTag, readCommit, type Lsn } from '../wire/index.ts';
import { SluiceError } from '../errors/index.ts';
import type { ChangeBlock } from './block.ts';
import { decodeSpill, encodeSpill } from './spill-codec.ts';

/** Before each record: u32 length of its bytes, u32 CRC-32 of them. Little endian. */
const headBytes = 8;
const idFile = 'spill-id';

/** Where a block lies in the log. */
export interface Place {
  readonly segment: DurableSegment;
  readonly offset: number;
  readonly length: number;
}

/** Messages `[from, to)` of a block that was found in the log. */
export interface Recovered {
  readonly place: Place;
  readonly block: ChangeBlock;
  readonly from: number;
  readonly to: number;
}

/** One file of the log. Begins and ends between transactions. */
export interface DurableSegment {
  readonly path: string;
  readonly file: FileHandle;
  bytes: number;
  /** Behind the last whole transaction in it; null while there is none. */
  endLsn: Lsn | null;
}

/**
 * A durable spill on disk: whole transactions in commit order, in numbered files.
 *
 * ```
 *   <directory>/spill-id   names it; the ledger holds the same name
 *   <directory>/00000001.log, 00000002.log ...   records: length, checksum, compressed block
 * ```
 * A file begins with the relations known then, so that older files can go. The end of a file may be
 * torn, or hold the beginning of a transaction: what follows its last Commit is read from the slot again.
 */
export class DurableLog {
  readonly directory: string;
  readonly id: string;
  readonly #maxBytes: number;
  readonly #segments: DurableSegment[] = [];
  #number = 0;

  private constructor(directory: string, id: string, maxBytes: number) {
    this.directory = directory;
    this.id = id;
    this.#maxBytes = maxBytes;
  }

  /** Opens the log of a directory, made when it is not there. */
  static async open(directory: string, maxBytes: number): Promise<DurableLog> {
    mkdirSync(directory, { recursive: true });
    const path = join(directory, idFile);
    if (!existsSync(path)) writeFileSync(path, randomUUID(), { flush: true });
    const log = new DurableLog(directory, readFileSync(path, 'utf8'), maxBytes);
    for (const name of readdirSync(directory).toSorted()) {
      const number = /^(\d{8})\.log$/.exec(name)?.[1];
      if (number === undefined) continue;
      log.#number = Number(number);
      const file = await open(join(directory, name), 'r+');
      log.#segments.push({ path: join(directory, name), file, bytes: 0, endLsn: null });
    }
    return log;
  }

  get usedBytes(): number {
    return this.#segments.reduce((sum, segment) => sum + segment.bytes, 0);
  }

  /** Behind the last whole transaction of the log; null when it holds none. */
  get endLsn(): Lsn | null {
    return this.#segments.findLast((segment) => segment.endLsn !== null)?.endLsn ?? null;
  }

  get current(): DurableSegment | null {
    return this.#segments.at(-1) ?? null;
  }

  /** What an earlier process left, each file up to its last Commit. */
  async *recover(): AsyncGenerator<Recovered> {
    for (const segment of this.#segments) {
      // The messages behind a Commit count only once the next Commit of the same file is seen.
      let open: Recovered[] = [];
      for await (const { place, block } of this.#records(segment)) {
        const commit = lastCommit(block);
        if (!commit) {
          open.push({ place, block, from: 0, to: block.count });
          continue;
        }
        segment.endLsn = commit.endLsn;
        yield* open;
        yield { place, block, from: 0, to: commit.count };
        open = [{ place, block, from: commit.count, to: block.count }];
      }
    }
  }

  /** Begins a new file; call between transactions. */
  async rotate(): Promise<DurableSegment> {
    const name = String(++this.#number).padStart(8, '0');
    const path = join(this.directory, `${name}.log`);
    const segment = { path, file: await open(path, 'w+'), bytes: 0, endLsn: null };
    this.#segments.push(segment);
    return segment;
  }

  /** @throws SluiceError STREAM_SPILL_FULL */
  async append(segment: DurableSegment, block: ChangeBlock): Promise<Place> {
    const body = await encodeSpill({ block, notes: null });
    const record = Buffer.allocUnsafe(headBytes + body.length);
    record.writeUInt32LE(body.length, 0);
    record.writeUInt32LE(crc32(body), 4);
    body.copy(record, headBytes);
    if (this.usedBytes + record.length > this.#maxBytes)
      throw this.#full(`spill_max is ${this.#maxBytes} bytes`);
    const place = { segment, offset: segment.bytes + headBytes, length: body.length };
    try {
      await segment.file.write(record, 0, record.length, segment.bytes);
    } catch (error) {
      throw this.#full(error instanceof Error ? error.message : String(error), error);
    }
    segment.bytes += record.length;
    const commit = lastCommit(block);
    if (commit) segment.endLsn = commit.endLsn;
    return place;
  }

  async read({ segment, offset, length }: Place): Promise<ChangeBlock> {
    const bytes = Buffer.allocUnsafe(length);
    await segment.file.read(bytes, 0, length, offset);
    return (await decodeSpill(bytes)).block;
  }

  /** Removes files whose transactions are all in the target, flushed; never the one being written. */
  async forget(flushed: Lsn): Promise<void> {
    while (this.#segments.length > 1) {
      const [first] = this.#segments;
      if (first!.endLsn === null || first!.endLsn > flushed) return;
      this.#segments.shift();
      await first!.file.close();
      await rm(first!.path, { force: true });
    }
  }

  /** Removes everything it holds. */
  async reset(): Promise<void> {
    for (const { file, path } of this.#segments.splice(0)) {
      await file.close();
      await rm(path, { force: true });
    }
  }

  async close(): Promise<void> {
    for (const segment of this.#segments) await segment.file.close();
  }

  /** The intact records of a file; a torn end is where it ends. */
  async *#records(segment: DurableSegment): AsyncGenerator<{ place: Place; block: ChangeBlock }> {
    const bytes = await readFile(segment.path);
    let at = 0;
    while (at + headBytes <= bytes.length) {
      const length = bytes.readUInt32LE(at);
      const body = bytes.subarray(at + headBytes, at + headBytes + length);
      if (body.length < length || crc32(body) !== bytes.readUInt32LE(at + 4)) break;
      const place = { segment, offset: at + headBytes, length };
      yield { place, block: (await decodeSpill(body)).block };
      at += headBytes + length;
    }
    segment.bytes = at;
  }

  #full(reason: string, cause?: unknown): SluiceError {
    const details = { directory: this.directory, reason, usedBytes: this.usedBytes };
    return new SluiceError('STREAM_SPILL_FULL', details, { cause });
  }
}

/** The last Commit of a block: where it ends and how many messages there are up to it. */
export function lastCommit(block: ChangeBlock): { endLsn: Lsn; count: number } | null {
  for (let i = block.count - 1; i >= 0; i--) {
    const start = block.starts[i]!;
    if (block.bytes[start] !== PgoutputTag.commit) continue;
    return { endLsn: readCommit(block.bytes, start, block.ends[i]!).endLsn, count: i + 1 };
  }
  return null;
}
