import { open, rm, type FileHandle } from 'node:fs/promises';
import { SluiceError } from '../errors/index.ts';
import { failpoint } from '../service/index.ts';
import { appendFully, errorText, readFully } from './disk.ts';
import { decodeSpill, encodeSpill, type SpilledBlock } from './spill-codec.ts';

/** What the files of an area share. */
export interface SpillBudget {
  /** @throws SluiceError STREAM_SPILL_FULL when `bytes` more are too many */
  take(bytes: number): void;
  release(bytes: number): void;
  /** The error for a disk that refuses. */
  full(reason: string, cause?: unknown): SluiceError;
  /** Of a file that is closed and gone. */
  forget(file: SpillFile): void;
}

/** Blocks written in order and read back in order; reading may run behind writing. */
export class SpillFile {
  readonly #path: string;
  readonly #area: SpillBudget;
  readonly #lengths: number[] = [];
  #file: FileHandle | null = null;
  #writtenBytes = 0;
  #readBytes = 0;
  #nextRead = 0;

  constructor(path: string, area: SpillBudget) {
    this.#path = path;
    this.#area = area;
  }

  /** Blocks written and not yet read back. */
  get pending(): number {
    return this.#lengths.length - this.#nextRead;
  }

  /** What it takes of the area; given back when the file is removed. */
  get writtenBytes(): number {
    return this.#writtenBytes;
  }

  async write(spilled: SpilledBlock): Promise<void> {
    const bytes = await encodeSpill(spilled);
    this.#area.take(bytes.length);
    try {
      this.#file ??= await open(this.#path, 'w+');
      await failpoint('spill.write');
      await appendFully(this.#file, bytes, this.#writtenBytes);
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
    try {
      const bytes = await readFully(this.#file, this.#readBytes, length);
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
