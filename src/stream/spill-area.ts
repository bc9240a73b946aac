import { mkdirSync, mkdtempSync, readdirSync, rmSync } from 'node:fs';
import { open, rm, type FileHandle } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { SluiceError } from '../errors/index.ts';
import { failpoint } from '../service/index.ts';
import { decodeSpill, encodeSpill, type SpilledBlock } from './spill-codec.ts';

export interface SpillOptions {
  /** Folder below which spills are made; the system's temporary folder when absent. */
  readonly directory?: string | undefined;
  /** Bytes on disk, compressed, over which no more is spilled. */
  readonly maxBytes: number;
}

/**
 * One run's place on disk for changes that memory should not hold: streamed transactions that have not
 * committed, and changes that wait for a copy. It is a cache of the source's WAL, never the only copy:
 * lost or abandoned, the changes are read from the slot again.
 */
export class SpillArea {
  readonly directory: string;
  readonly #maxBytes: number;
  readonly #files = new Set<SpillFile>();
  #usedBytes = 0;
  #nextFile = 0;

  /** Also removes what a killed process left of earlier runs of the same pipeline. */
  constructor(pipeline: string, options: SpillOptions) {
    const parent = options.directory ?? tmpdir();
    const prefix = `sluice-spill-${pipeline.replaceAll(/[^\w-]/g, '_')}-`;
    mkdirSync(parent, { recursive: true });
    removeAbandoned(parent, prefix);
    this.directory = mkdtempSync(join(parent, `${prefix}${process.pid}-`));
    this.#maxBytes = options.maxBytes;
  }

  get usedBytes(): number {
    return this.#usedBytes;
  }

  get isFull(): boolean {
    return this.#usedBytes >= this.#maxBytes;
  }

  createFile(): SpillFile {
    const file = new SpillFile(join(this.directory, `${this.#nextFile++}.spill`), this);
    this.#files.add(file);
    return file;
  }

  /** Of a file that is closed and gone. */
  forget(file: SpillFile): void {
    this.#files.delete(file);
  }

  /** Ends all of it; files that nobody has read to the end are closed, or their space would not come back. */
  async remove(): Promise<void> {
    for (const file of this.#files) await file.remove();
    rmSync(this.directory, { recursive: true, force: true });
  }

  /** @throws SluiceError STREAM_SPILL_FULL when the budget does not allow `bytes` more */
  take(bytes: number): void {
    if (this.#usedBytes + bytes > this.#maxBytes)
      throw this.full(`spill_max_bytes is ${this.#maxBytes}`);
    this.#usedBytes += bytes;
  }

  release(bytes: number): void {
    this.#usedBytes -= bytes;
  }

  full(reason: string, cause?: unknown): SluiceError {
    const details = { directory: this.directory, reason, usedBytes: this.#usedBytes };
    return new SluiceError('STREAM_SPILL_FULL', details, { cause });
  }
}

/** Blocks written in order and read back in order; reading may run behind writing. */
export class SpillFile {
  readonly #path: string;
  readonly #area: SpillArea;
  readonly #lengths: number[] = [];
  #file: FileHandle | null = null;
  #writtenBytes = 0;
  #readBytes = 0;
  #nextRead = 0;

  constructor(path: string, area: SpillArea) {
    this.#path = path;
    this.#area = area;
  }

  /** Blocks written and not yet read back. */
  get pending(): number {
    return this.#lengths.length - this.#nextRead;
  }

  async write(spilled: SpilledBlock): Promise<void> {
    const bytes = await encodeSpill(spilled);
    this.#area.take(bytes.length);
    this.#file ??= await open(this.#path, 'w+');
    try {
      await failpoint('spill.write');
      await this.#file.write(bytes, 0, bytes.length, this.#writtenBytes);
    } catch (error) {
      this.#area.release(bytes.length);
      throw this.#area.full(errorText(error), error);
    }
    this.#writtenBytes += bytes.length;
    this.#lengths.push(bytes.length);
  }

  /** The next block, or null when all written ones were read. */
  async read(): Promise<SpilledBlock | null> {
    const length = this.#lengths[this.#nextRead];
    if (length === undefined || this.#file === null) return null;
    const bytes = Buffer.allocUnsafe(length);
    await this.#file.read(bytes, 0, length, this.#readBytes);
    try {
      const spilled = await decodeSpill(bytes);
      this.#readBytes += length;
      this.#nextRead++;
      return spilled;
    } catch (error) {
      const details = { path: this.#path, offset: this.#readBytes, reason: errorText(error) };
      throw new SluiceError('STREAM_SPILL_CORRUPT', details, { cause: error });
    }
  }

  async remove(): Promise<void> {
    await this.#file?.close();
    this.#file = null;
    await rm(this.#path, { force: true });
    this.#area.release(this.#writtenBytes);
    this.#writtenBytes = 0;
    this.#area.forget(this);
  }
}

function removeAbandoned(parent: string, prefix: string): void {
  for (const name of readdirSync(parent)) {
    const pid = name.startsWith(prefix)
      ? Number.parseInt(name.slice(prefix.length), 10)
      : Number.NaN;
    if (Number.isNaN(pid) || pid === process.pid || isAlive(pid)) continue;
    rmSync(join(parent, name), { recursive: true, force: true });
  }
}

function isAlive(pid: number): boolean {
  try {
    process.kill(pid, 0);
    return true;
  } catch (error) {
    return error instanceof Error && 'code' in error && error.code === 'EPERM';
  }
}

function errorText(error: unknown): string {
  return error instanceof Error ? error.message : String(error);
}
