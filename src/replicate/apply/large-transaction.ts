import { ledgerErrorOf, type Owner } from '../../ledger/index.ts';
import type { Lsn } from '../../wire/index.ts';
import type { Segment } from './segment.ts';
import type { SegmentMode, SegmentWriter } from './segment-writer.ts';
import type { TargetTable } from './target-table.ts';
import type { Outcome } from './target-writer.ts';

/**
 * One source transaction longer than a segment, applied in pieces inside one target transaction: the next
 * piece is read while the target works on the one before. Nothing is visible before {@link commit}.
 */
export class LargeTransaction {
  readonly #writer: SegmentWriter;
  readonly #owner: Owner;
  readonly #position: Lsn;
  readonly #staged = new Set<TargetTable>();
  #last: { segment: Segment; mode: SegmentMode; sent: Promise<Outcome> } | null = null;

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
    const mode = this.#writer.firstMode(segment);
    const sent = this.#writer.sendPiece(segment, mode, 'new', this.#staged);
    sent.catch(rejectedLater); // looked at by #accepted
    this.#last = { segment, mode, sent };
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
      const { segment, mode, sent } = this.#last;
      const { failure } = await sent;
      if (!failure) {
        this.#last = null;
        return;
      }
      const next = this.#writer.nextMode(segment, mode, failure, this.#position);
      const again = this.#writer.sendPiece(segment, next, 'again', this.#staged);
      this.#last = { segment, mode: next, sent: again };
    }
  }
}

function rejectedLater(): undefined {
  return undefined;
}
