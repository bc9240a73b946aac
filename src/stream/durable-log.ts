import { randomUUID } from 'node:crypto';
import { mkdirSync, readdirSync, readFileSync } from 'node:fs';
import { open, rename, rm, writeFile } from 'node:fs/promises';
import { dirname, join } from 'node:path';
import { SluiceError } from '../errors/index.ts';
import type { Lsn } from '../wire/index.ts';
import { appendFully, errorText, syncFolder } from './disk.ts';
import type { DurableSegment, Run } from './durable-segment.ts';
import {
  encodeFileHead,
  fileHeadBytes,
  RecordReader,
  type LogRecord,
  type ValueFormat,
} from './log-file.ts';
import { damaged, recoverSegments } from './log-recovery.ts';

const idFile = 'spill-id';

/**
 * A durable spill on disk: whole transactions in commit order, in numbered files.
 *
 * ```
 *   <directory>/spill-id   names it; the ledger holds the same name
 *   <directory>/00000001.log, 00000002.log ...   head: where it continues from, format of values; then records
 * ```
 * A file begins with the relations known then, so that older files can go. The end of the last file may be
 * torn, or hold the beginning of a transaction: what follows its last Commit is read from the slot again.
 */
export class DurableLog {
  readonly directory: string;
  readonly id: string;
  readonly #maxBytes: number;
  readonly #segments: DurableSegment[] = [];
  #number = 0;
  /** The last file, while it may have an end that was not recovered. */
  #untrimmed: DurableSegment | null = null;
  /** Reads on where the last reading ended. */
  #reading: { segment: DurableSegment; reader: RecordReader } | null = null;

  private constructor(directory: string, id: string, maxBytes: number) {
    this.directory = directory;
    this.id = id;
    this.#maxBytes = maxBytes;
  }

  /** Opens the log of a directory, made when it is not there. */
  static async open(directory: string, maxBytes: number): Promise<DurableLog> {
    mkdirSync(directory, { recursive: true });
    const log = new DurableLog(directory, await openId(directory), maxBytes);
    for (const name of readdirSync(directory).toSorted()) {
      const number = /^(\d{8})\.log$/.exec(name)?.[1];
      if (number === undefined) continue;
      log.#number = Number(number);
      const path = join(directory, name);
      const file = await open(path, 'r+');
      log.#segments.push({ path, file, from: null, format: null, bytes: 0, endLsn: null });
    }
    log.#untrimmed = log.#segments.at(-1) ?? null;
    return log;
  }

  get usedBytes(): number {
    return this.#segments.reduce((sum, segment) => sum + segment.bytes, 0);
  }

  /** Where the oldest file continues from; null without one. */
  get startLsn(): Lsn | null {
    return this.#segments[0]?.from ?? null;
  }

  /** How values are written, the same in all files; null without one. */
  get format(): ValueFormat | null {
    return this.#segments[0]?.format ?? null;
  }

  /** Behind the last whole transaction of the log; null when it holds none. */
  get endLsn(): Lsn | null {
    return this.#segments.findLast((segment) => segment.endLsn !== null)?.endLsn ?? null;
  }

  /** @throws SluiceError STREAM_SPILL_DAMAGED */
  recover(): AsyncGenerator<Run> {
    return recoverSegments(this.#segments);
  }

  /**
   * Begins a new file, everything before it made durable; call between transactions.
   *
   * @param from behind the last transaction of the log, or where reading begins
   * @param format of the values that come: those of the files before, when there are any
   */
  async rotate(from: Lsn, format: ValueFormat): Promise<DurableSegment> {
    const last = this.#segments.at(-1);
    if (last) await this.#finish(last);
    const path = join(this.directory, `${String(++this.#number).padStart(8, '0')}.log`);
    try {
      const file = await open(path, 'wx+');
      const segment = { path, file, from, format, bytes: fileHeadBytes, endLsn: null };
      this.#segments.push(segment);
      await appendFully(file, encodeFileHead({ from, format }), 0);
      await syncFolder(this.directory);
      return segment;
    } catch (error) {
      throw this.full(errorText(error), error);
    }
  }

  /** Whether a record fits into what the spill may take. */
  hasRoom(record: Buffer): boolean {
    return this.usedBytes + record.length <= this.#maxBytes;
  }

  /** False when no file but the one being written holds a transaction: waiting makes no room then. */
  get canForget(): boolean {
    return this.#segments.slice(0, -1).some(({ endLsn }) => endLsn !== null);
  }

  /** @throws SluiceError STREAM_SPILL_FULL the disk refuses; the file is as it was before */
  async append(segment: DurableSegment, record: Buffer, endLsn: Lsn | null): Promise<Run> {
    const at = segment.bytes;
    try {
      await appendFully(segment.file, record, at);
    } catch (error) {
      throw this.full(errorText(error), error);
    }
    segment.bytes += record.length;
    if (endLsn !== null) segment.endLsn = endLsn;
    return { segment, at, end: segment.bytes, from: 0, to: null };
  }

  /** @throws SluiceError STREAM_SPILL_FULL some disks tell only now that they cannot hold it */
  async sync(segment: DurableSegment): Promise<void> {
    try {
      await segment.file.datasync();
    } catch (error) {
      throw this.full(errorText(error), error);
    }
  }

  /** @throws SluiceError STREAM_SPILL_DAMAGED */
  async read(segment: DurableSegment, at: number): Promise<LogRecord> {
    if (this.#reading?.segment !== segment || this.#reading.reader.at !== at)
      this.#reading = { segment, reader: new RecordReader(segment.file, at) };
    const record = await this.#reading.reader.next(segment.bytes);
    if (!record) throw damaged(segment.path, at, 'the record there is not intact');
    return record;
  }

  /**
   * Removes files whose transactions are all in the target, flushed; never the one being written, nor
   * `inUse`. Oldest first, each durably, so that no crash leaves a hole.
   */
  async forget(flushed: Lsn, inUse: DurableSegment | null): Promise<void> {
    while (this.#segments.length > 1) {
      const first = this.#segments[0]!;
      // A file without a whole transaction was ended by a crash: the slot sends all of it again.
      if (first.endLsn !== null && first.endLsn > flushed) return;
      if (first === inUse) return;
      await this.#remove(first);
    }
  }

  /** Removes everything it holds. */
  async reset(): Promise<void> {
    while (this.#segments[0]) await this.#remove(this.#segments[0]);
  }

  async close(): Promise<void> {
    for (const segment of this.#segments) await segment.file.close();
  }

  /** What follows is damage from now on, so nothing torn may stay at the end of the file before. */
  async #finish(last: DurableSegment): Promise<void> {
    if (last !== this.#untrimmed) return this.sync(last);
    this.#untrimmed = null;
    if (last.endLsn === null) return this.#remove(last);
    await last.file.truncate(last.bytes);
    await last.file.sync();
  }

  async #remove(segment: DurableSegment): Promise<void> {
    this.#segments.splice(this.#segments.indexOf(segment), 1);
    await segment.file.close();
    await rm(segment.path, { force: true });
    await syncFolder(this.directory);
  }

  full(reason = `spill_max is ${this.#maxBytes} bytes`, cause?: unknown): SluiceError {
    const details = { directory: this.directory, reason, usedBytes: this.usedBytes };
    return new SluiceError('STREAM_SPILL_FULL', details, { cause });
  }
}

/** The name of the spill in `directory`: there as a whole and durably before anybody is told of it. */
async function openId(directory: string): Promise<string> {
  const path = join(directory, idFile);
  if (!readdirSync(directory).includes(idFile)) {
    await writeFile(`${path}.new`, randomUUID(), { flush: true });
    await rename(`${path}.new`, path);
    await syncFolder(directory);
    await syncFolder(dirname(directory));
  }
  return readFileSync(path, 'utf8');
}
