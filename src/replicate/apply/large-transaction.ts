import { ledgerErrorOf, type Owner } from '../../ledger/index.ts';
import type { Lsn } from '../../wire/index.ts';
import type { Segment } from './segment.ts';
import type { SegmentMode, SegmentWriter } from './segment-writer.ts';
import type { TargetTable } from './target-table.ts';
import type { Outcome } from './target-writer.ts';

interface Piece {
  readonly segment: Segment;
  readonly mode: SegmentMode;
  readonly staged: ReadonlySet<TargetTable>;
  readonly sent: Promise<Outcome>;
}

/**
 * One source transaction longer than a segment, applied in pieces inside one target transaction: the next
 * piece is read while the target works on the one before. Nothing is visible before {@link commit}.
 */
export class LargeTransaction {
  readonly #writer: SegmentWriter;
  readonly #owner: Owner;
  readonly #position: Lsn;
  /** Tables whose staging table holds rows of accepted pieces. */
  #staged: ReadonlySet<TargetTable> = new Set();
  #last: Piece | null = null;
  #isFirst = true;

  private constructor(writer: SegmentWriter, owner: Owner, position: Lsn) {
    this.#writer = writer;
    this.#owner = owner;
    this.#position = position;
  }

  static async begin(
    writer: SegmentWriter,
    owner: Owner,
    position: Lsn,
  ): Promise<LargeTransaction> {
    const { failure } = await writer.beginLarge(position);
    if (failure) throw ledgerErrorOf(failure.error, owner.name) ?? failure.error;
    return new LargeTransaction(writer, owner, position);
  }

  /** Sends a piece, once the one before is known to be accepted. */
  async add(segment: Segment): Promise<void> {
    await this.#accepted();
    this.#last = this.#send(segment, this.#writer.firstMode(segment), 'new');
  }

  /** Waits for the answer to the last piece: the way its tables are written must not change before. */
  async accepted(): Promise<void> {
    await this.#accepted();
  }

  /** Ends it without a trace. */
  async rollBack(): Promise<void> {
    await this.#last?.sent.catch(rejectedLater);
    await this.#writer.rollBack();
  }

  async commit(next: Lsn): Promise<Outcome> {
    await this.#accepted();
    const outcome = await this.#writer.commitLarge(this.#position, next);
    if (outcome.failure)
      throw ledgerErrorOf(outcome.failure.error, this.#owner.name) ?? outcome.failure.error;
    return outcome;
  }

  async #accepted(): Promise<void> {
    while (this.#last) {
      const { segment, mode, sent, staged } = this.#last;
      const { failure } = await sent;
      if (!failure) {
        this.#staged = staged;
        this.#last = null;
        return;
      }
      const next = this.#writer.nextMode(segment, mode, failure, this.#position);
      this.#last = this.#send(segment, next, 'again');
    }
  }

  #send(segment: Segment, mode: SegmentMode, savepoint: 'new' | 'again'): Piece {
    // A refused piece is rolled back together with the staging tables it made.
    const staged = new Set(this.#staged);
    const isFirst = this.#isFirst;
    this.#isFirst = false;
    const sent = this.#writer.sendPiece(segment, mode, isFirst ? 'first' : savepoint, staged);
    sent.catch(rejectedLater); // looked at by #accepted
    return { segment, mode, staged, sent };
  }
}

function rejectedLater(): undefined {
  return undefined;
}
