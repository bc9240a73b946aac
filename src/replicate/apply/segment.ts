import type { ChangeBlock } from '../../stream/index.ts';
import { PgoutputTag, readCommit, type Lsn } from '../../wire/index.ts';

/** The transaction a change belongs to, as its Begin told. */
export interface SourceTransaction {
  readonly xid: number;
  /** LSN of its commit record. */
  readonly finalLsn: Lsn;
}

/** Messages `[from, to)` of a block. */
export interface SegmentPart {
  readonly block: ChangeBlock;
  readonly from: number;
  to: number;
}

/**
 * A stretch of the change stream that is applied as one unit, kept until the target has committed it so
 * that it can be applied again, in another way. Holds views, no copies.
 */
export class Segment {
  readonly parts: SegmentPart[] = [];
  /** The transaction whose middle this starts in, null when it starts between two. */
  readonly openedBy: SourceTransaction | null;
  /** Changes of that transaction in earlier segments. */
  readonly openedChanges: number;
  /** Row changes and truncates. */
  changes = 0;
  bytes = 0;
  transactions = 0;
  /** The position behind the last whole transaction, null when there is none. */
  endLsn: Lsn | null = null;
  /** When that transaction committed, microseconds since 2000-01-01. */
  commitTimeUs = 0n;
  /** True when messages follow the last Commit: a transaction has begun and not ended. */
  isCut = false;
  /** Where the last Commit is: behind it begins what {@link takeTail} takes. */
  #whole = { parts: 0, to: 0, changes: 0, bytes: 0 };

  constructor(openedBy: SourceTransaction | null = null, openedChanges = 0) {
    this.openedBy = openedBy;
    this.openedChanges = openedChanges;
  }

  get isEmpty(): boolean {
    return this.parts.length === 0;
  }

  /** Adds one message; the caller says what it is. */
  add(block: ChangeBlock, i: number, isChange: boolean): void {
    const last = this.parts.at(-1);
    if (last?.block === block && last.to === i) last.to = i + 1;
    else this.parts.push({ block, from: i, to: i + 1 });
    this.bytes += block.ends[i]! - block.starts[i]!;
    if (isChange) this.changes++;
    this.isCut = true;
  }

  /** The message just added was a Commit. */
  markCommit(endLsn: Lsn, commitTimeUs: bigint): void {
    this.transactions++;
    this.endLsn = endLsn;
    this.commitTimeUs = commitTimeUs;
    this.isCut = false;
    const { parts, changes, bytes } = this;
    this.#whole = { parts: parts.length, to: parts.at(-1)!.to, changes, bytes };
  }

  /** Takes what follows the last Commit away: the beginning of the next segment. */
  takeTail(): Segment {
    const tail = new Segment();
    if (!this.isCut) return tail;
    const { parts, to, changes, bytes } = this.#whole;
    const [last] = this.parts.slice(parts - 1);
    if (last!.to > to) tail.parts.push({ block: last!.block, from: to, to: last!.to });
    tail.parts.push(...this.parts.splice(parts));
    last!.to = to;
    tail.changes = this.changes - changes;
    tail.bytes = this.bytes - bytes;
    tail.isCut = true;
    Object.assign(this, { changes, bytes, isCut: false });
    return tail;
  }

  /**
   * Cuts this segment in two, between transactions.
   *
   * @param limit the first segment ends with the last transaction whose end is not behind this
   */
  split(limit: Lsn): [Segment, Segment] {
    const first = new Segment(this.openedBy, this.openedChanges);
    let rest = new Segment(this.openedBy, this.openedChanges);
    let open: Segment = first;
    const pending: { block: ChangeBlock; i: number; isChange: boolean }[] = [];
    for (const { block, from, to } of this.parts) {
      for (let i = from; i < to; i++) {
        const start = block.starts[i]!;
        const tag = block.bytes[start]!;
        if (open === rest) {
          rest.add(block, i, isChange(tag));
          markIfCommit(rest, block, i);
          continue;
        }
        pending.push({ block, i, isChange: isChange(tag) });
        if (tag !== PgoutputTag.commit) continue;
        const commit = readCommit(block.bytes, start, block.ends[i]!);
        if (commit.endLsn > limit) open = rest = new Segment(first.isEmpty ? this.openedBy : null);
        for (const message of pending.splice(0)) {
          open.add(message.block, message.i, message.isChange);
          markIfCommit(open, message.block, message.i);
        }
      }
    }
    if (open === first) rest = new Segment(first.isEmpty ? this.openedBy : null);
    for (const message of pending) rest.add(message.block, message.i, message.isChange);
    return [first, rest];
  }
}

/** True for a message of pgoutput that changes rows. */
export function isChange(tag: number): boolean {
  switch (tag) {
    case PgoutputTag.insert:
    case PgoutputTag.update:
    case PgoutputTag.delete:
    case PgoutputTag.truncate:
      return true;
    default:
      return false;
  }
}

function markIfCommit(segment: Segment, block: ChangeBlock, i: number): void {
  const start = block.starts[i]!;
  if (block.bytes[start] !== PgoutputTag.commit) return;
  const commit = readCommit(block.bytes, start, block.ends[i]!);
  segment.markCommit(commit.endLsn, commit.commitTimeUs);
}
