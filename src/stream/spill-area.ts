import { mkdirSync, mkdtempSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { SluiceError } from '../errors/index.ts';
import { SpillFile } from './spill-file.ts';
import { removeAbandoned, writeOwner } from './spill-owner.ts';

const prefix = 'sluice-spill-';

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
  readonly maxBytes: number;
  readonly #files = new Set<SpillFile>();
  #usedBytes = 0;
  #nextFile = 0;

  /** Also removes what killed processes of this machine left, of whichever pipeline. */
  constructor(pipeline: string, options: SpillOptions) {
    const parent = options.directory ?? tmpdir();
    mkdirSync(parent, { recursive: true });
    removeAbandoned(parent, prefix);
    const name = pipeline.replaceAll(/[^\w-]/g, '_');
    this.directory = mkdtempSync(join(parent, `${prefix}${name}-`));
    writeOwner(this.directory);
    this.maxBytes = options.maxBytes;
  }

  get usedBytes(): number {
    return this.#usedBytes;
  }

  get isFull(): boolean {
    return this.#usedBytes >= this.maxBytes;
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
    if (this.#usedBytes + bytes > this.maxBytes) throw this.full(`spill_max is ${this.maxBytes}`);
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
