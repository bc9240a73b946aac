import type { ChangeBlock } from '../../stream/index.ts';
import { PgoutputTag, readBegin, readCommit, type Lsn } from '../../wire/index.ts';
import { isChange, Segment, type SourceTransaction } from './segment.ts';
import { unknownMessage } from './visit-changes.ts';

/** Gathers messages into a segment: whole transactions, and the beginning of the next one. */
export class SegmentBuilder {
  readonly #slot: string;
  readonly #from: Lsn;
  #segment = new Segment();
  #open: SourceTransaction | null = null;
  #isSkipping = false;

  /** @param from transactions that committed before are left out: a durable spill may begin earlier */
  constructor(slot: string, from: Lsn) {
    this.#slot = slot;
    this.#from = from;
  }

  /** What is gathered so far; {@link takeWhole} and {@link takePiece} take it away. */
  get segment(): Segment {
    return this.#segment;
  }

  /** The transaction that has begun and not ended, null between two. */
  get open(): SourceTransaction | null {
    return this.#open;
  }

  /** Adds any message but a Relation. @throws SluiceError STREAM_UNKNOWN_MESSAGE */
  add(block: ChangeBlock, i: number): void {
    const start = block.starts[i]!;
    const tag = block.bytes[start]!;
    switch (tag) {
      case PgoutputTag.insert:
      case PgoutputTag.update:
      case PgoutputTag.delete:
      case PgoutputTag.truncate:
      case PgoutputTag.type:
      case PgoutputTag.origin:
      case PgoutputTag.logicalMessage:
        if (!this.#isSkipping) this.#segment.add(block, i, isChange(tag));
        return;
      case PgoutputTag.begin:
        this.#open = readBegin(block.bytes, start, block.ends[i]!);
        this.#isSkipping = this.#open.finalLsn < this.#from;
        if (!this.#isSkipping) this.#segment.add(block, i, false);
        return;
      case PgoutputTag.commit:
        this.#commit(block, i);
        return;
      default:
        throw unknownMessage(this.#slot, tag);
    }
  }

  /** The whole transactions; the one that has begun stays. */
  takeWhole(): Segment {
    const whole = this.#segment;
    this.#segment = whole.takeTail();
    return whole;
  }

  /** Everything, also the beginning of a transaction; what follows knows whose middle it is. */
  takePiece(): Segment {
    const piece = this.#segment;
    const changes = piece.isCut ? piece.openedChanges + piece.changes : 0;
    this.#segment = new Segment(this.#open, changes);
    return piece;
  }

  #commit(block: ChangeBlock, i: number): void {
    this.#open = null;
    if (this.#isSkipping) {
      this.#isSkipping = false;
      return;
    }
    const commit = readCommit(block.bytes, block.starts[i]!, block.ends[i]!);
    this.#segment.add(block, i, false);
    this.#segment.markCommit(commit.endLsn, commit.commitTimeUs);
  }
}
