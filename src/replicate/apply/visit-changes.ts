import { SluiceError } from '../../errors/index.ts';
import {
  PgoutputTag,
  readBegin,
  readRowChange,
  readTruncate,
  RowChange,
} from '../../wire/index.ts';
import type { Relations } from './relations.ts';
import type { Segment, SourceTransaction } from './segment.ts';
import type { TargetTable } from './target-table.ts';

/** Takes the changes of a segment one after the other. `change` and its cells are reused: borrowed. */
export interface ChangeVisitor {
  /** @param n which change of the segment this is, from 0; gated ones count */
  row(
    table: TargetTable,
    bytes: Buffer,
    start: number,
    end: number,
    change: RowChange,
    n: number,
  ): void;
  truncate(tables: readonly TargetTable[], restartIdentity: boolean, n: number): void;
}

/**
 * Walks a segment's changes in commit order, leaving out those that a table's copy already holds (P5).
 *
 * @returns the transaction that is open where the segment ends, null when none is
 */
export function visitChanges(
  segment: Segment,
  relations: Relations,
  visitor: ChangeVisitor,
): SourceTransaction | null {
  const change = new RowChange();
  let transaction = segment.openedBy;
  let n = 0;
  for (const { block, from, to } of segment.parts) {
    const { bytes, starts, ends } = block;
    for (let i = from; i < to; i++) {
      const start = starts[i]!;
      const end = ends[i]!;
      switch (bytes[start]!) {
        case PgoutputTag.insert:
        case PgoutputTag.update:
        case PgoutputTag.delete: {
          readRowChange(bytes, start, end, false, change);
          const table = relations.target(change.relationOid, transaction!.finalLsn);
          if (table) visitor.row(table, bytes, start, end, change, n);
          n++;
          break;
        }
        case PgoutputTag.truncate: {
          const truncate = readTruncate(bytes, start, end, false);
          const tables = relations.truncated(truncate.relationOids, transaction!.finalLsn);
          if (tables.length > 0) visitor.truncate(tables, truncate.restartIdentity, n);
          n++;
          break;
        }
        case PgoutputTag.begin:
          transaction = readBegin(bytes, start, end);
          break;
        case PgoutputTag.commit:
          transaction = null;
          break;
      }
    }
  }
  return transaction;
}

/** The n-th change of a segment: whose it was and which of its transaction's changes, from 1. */
export function locateChange(
  segment: Segment,
  n: number,
): { transaction: SourceTransaction; ordinal: number } {
  let transaction = segment.openedBy;
  let ordinal = segment.openedChanges;
  let seen = 0;
  for (const { block, from, to } of segment.parts) {
    for (let i = from; i < to; i++) {
      const start = block.starts[i]!;
      switch (block.bytes[start]!) {
        case PgoutputTag.begin:
          transaction = readBegin(block.bytes, start, block.ends[i]!);
          ordinal = 0;
          break;
        case PgoutputTag.insert:
        case PgoutputTag.update:
        case PgoutputTag.delete:
        case PgoutputTag.truncate:
          ordinal++;
          if (seen++ === n) return { transaction: transaction!, ordinal };
          break;
      }
    }
  }
  throw new RangeError(`a segment of ${seen} changes has no change ${n}`);
}

export function unknownMessage(slot: string, tag: number): SluiceError {
  if (isTwoPhase(tag))
    return new SluiceError('STREAM_TWO_PHASE', { slot, message: String.fromCharCode(tag) });
  const type = `${String.fromCharCode(tag)} (${tag})`;
  return new SluiceError('STREAM_UNKNOWN_MESSAGE', { slot, type });
}

function isTwoPhase(tag: number): boolean {
  return (
    tag === PgoutputTag.beginPrepare ||
    tag === PgoutputTag.prepare ||
    tag === PgoutputTag.commitPrepared ||
    tag === PgoutputTag.rollbackPrepared ||
    tag === PgoutputTag.streamPrepare
  );
}
