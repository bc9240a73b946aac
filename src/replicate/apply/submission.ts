import { MessageWriter } from '../../wire/index.ts';
import type { TargetTable } from './target-table.ts';

/** What a statement of a submission was for. */
export interface Step {
  readonly does: 'control' | 'position' | 'insert' | 'update' | 'delete' | 'truncate';
  readonly table: TargetTable | null;
  /** In row mode: which change of the segment this is, counted from 0. */
  readonly change: number | null;
}

const control: Step = { does: 'control', table: null, change: null };

/**
 * Statements sent to the target in one go, without waiting for answers in between. Every statement adds
 * exactly one step; the answers come in the same order.
 */
export class Submission {
  readonly chunks: Buffer[] = [];
  readonly steps: Step[] = [];
  syncs = 0;
  byteLength = 0;
  readonly writer: MessageWriter;
  #isOpen = false;

  constructor(writer: MessageWriter) {
    this.writer = writer;
  }

  /** One SQL statement through the simple protocol. */
  simple(sql: string, step: Step = control): void {
    this.#sync();
    this.writer.query(sql);
    this.steps.push(step);
    this.syncs++;
  }

  /**
   * A COPY FROM STDIN with its data. The data is sent without waiting for the server's CopyInResponse:
   * when the command fails, the server drops it.
   */
  copy(sql: string, frames: Buffer, step: Step): void {
    this.simple(sql, step);
    this.#flush();
    this.#push(frames);
    this.writer.copyDone();
  }

  /** Tells of an Execute just written to `writer`. */
  expect(step: Step): void {
    this.steps.push(step);
    this.#isOpen = true;
  }

  /** All bytes, in order. */
  take(): Buffer[] {
    this.#sync();
    this.#flush();
    return this.chunks;
  }

  // After an error the server skips messages up to a Sync: without one, a Query behind extended
  // messages would be skipped, too, and its answer waited for in vain.
  #sync(): void {
    if (!this.#isOpen) return;
    this.#isOpen = false;
    this.writer.sync();
    this.syncs++;
  }

  #flush(): void {
    if (this.writer.byteLength > 0) this.#push(this.writer.take());
  }

  #push(bytes: Buffer): void {
    this.chunks.push(bytes);
    this.byteLength += bytes.length;
  }
}
