import { randomUUID } from 'node:crypto';
import { existsSync, mkdirSync, readdirSync, readFileSync, writeFileSync } from 'node:fs';
import { open, rm, type FileHandle } from 'node:fs/promises';
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

/** Messages `[from, to)` of a block that was found in the log, not its bytes: there may be many. */
export interface Recovered {
  readonly place: Place;
  readonly from: number;
  readonly to: number;
  /** The Relation messages among all of the block's. */
  readonly relations: readonly Buffer[];
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
        const relations = relationsOf(block);
        if (!commit) {
          open.push({ place, from: 0, to: block.count, relations });
          continue;
        }
        segment.endLsn = commit.endLsn;
        yield* open;
        yield { place, from: 0, to: commit.count, relations };
        open = [{ place, from: commit.count, to: block.count, relations: [] }];
      }
    }
  }

  /** Begins a new file; call between transactions. */
  async rotate(): Promise<DurableSegment> {
    const name = String(++this.#number).padStart(8, '0');
    const path = join(this.directory, `${name}.log`);
    const segment = { path, file: await open(path, 'w+'), bytes: 0, endLsn: null };
    await syncFolder(this.directory);
    this.#segments.push(segment);
    return segment;
  }

  /** Whether a record fits into what the spill may take. */
  hasRoom(record: Buffer): boolean {
    return this.usedBytes + record.length <= this.#maxBytes;
  }

  /** False when only the file being written is left: waiting makes no room then. */
  get canForget(): boolean {
    return this.#segments.length > 1;
  }

  /** @throws SluiceError STREAM_SPILL_FULL the disk refuses; what was written before stays */
  async append(segment: DurableSegment, record: Buffer, endLsn: Lsn | null): Promise<Place> {
    try {
      await segment.file.write(record, 0, record.length, segment.bytes);
    } catch (error) {
      throw this.full(error instanceof Error ? error.message : String(error), error);
    }
    const offset = segment.bytes + headBytes;
    segment.bytes += record.length;
    if (endLsn !== null) segment.endLsn = endLsn;
    return { segment, offset, length: record.length - headBytes };
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
      // A file without a whole transaction was ended by a crash: the slot sends all of it again.
      if (first!.endLsn !== null && first!.endLsn > flushed) return;
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
    const { size } = await segment.file.stat();
    const head = Buffer.allocUnsafe(headBytes);
    let at = 0;
    while (at + headBytes <= size) {
      await segment.file.read(head, 0, headBytes, at);
      const length = head.readUInt32LE(0);
      if (at + headBytes + length > size) break;
      const body = Buffer.allocUnsafe(length);
      await segment.file.read(body, 0, length, at + headBytes);
      if (crc32(body) !== head.readUInt32LE(4)) break;
      const place = { segment, offset: at + headBytes, length };
      yield { place, block: (await decodeSpill(body)).block };
      at += headBytes + length;
    }
    segment.bytes = at;
  }

  full(reason = `spill_max is ${this.#maxBytes} bytes`, cause?: unknown): SluiceError {
    const details = { directory: this.directory, reason, usedBytes: this.usedBytes };
    return new SluiceError('STREAM_SPILL_FULL', details, { cause });
  }
}

/** A block as it stands in the log: length, checksum, compressed bytes. */
export async function encodeRecord(block: ChangeBlock): Promise<Buffer> {
  const body = await encodeSpill({ block, notes: null });
  const record = Buffer.allocUnsafe(headBytes + body.length);
  record.writeUInt32LE(body.length, 0);
  record.writeUInt32LE(crc32(body), 4);
  body.copy(record, headBytes);
  return record;
}

/** A new file is durable once its folder is; Windows has no way to ask for that, nor need of it. */
async function syncFolder(path: string): Promise<void> {
  if (process.platform === 'win32') return;
  const folder = await open(path, 'r');
  try {
    await folder.sync();
  } finally {
    await folder.close();
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

/** Copies of the Relation messages of a block. */
export function relationsOf(block: ChangeBlock): Buffer[] {
  const relations: Buffer[] = [];
  for (let i = 0; i < block.count; i++) {
    const start = block.starts[i]!;
    if (block.bytes[start] !== PgoutputTag.relation) continue;
    relations.push(Buffer.from(block.bytes.subarray(start, block.ends[i])));
  }
  return relations;
}
