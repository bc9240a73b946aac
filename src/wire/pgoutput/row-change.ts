import { SluiceError } from '../../errors/index.ts';
import { byteAt, int32At, uint32At } from '../bytes.ts';
import { describeTag } from '../tags.ts';
import { PgoutputTag, TupleTag } from './tags.ts';
import { createTupleCells, readTuple, type TupleCells } from '../tuple-cells.ts';

/** One Insert, Update or Delete, as offsets into its message. Reused: readRowChange overwrites all of it. */
export class RowChange {
  /** PgoutputTag.insert, update or delete. */
  tag = 0;
  /** The (sub)transaction that made the change, inside a streamed transaction; 0 outside. */
  xid = 0;
  relationOid = 0;
  /** What `old` holds: 0 nothing, TupleTag.key, or TupleTag.old. */
  oldKind: 0 | typeof TupleTag.key | typeof TupleTag.old = 0;
  /** The row before an Update that changed its identity, or before a Delete; `count` 0 when not sent. */
  readonly old: TupleCells = createTupleCells();
  /** The row after an Insert or Update; `count` 0 for a Delete. */
  readonly new: TupleCells = createTupleCells();
}

/**
 * Find the parts of an Insert, Update or Delete, without decoding or copying values.
 *
 * @param start  at the tag byte
 * @param isStreamed  between Stream Start and Stream Stop: an int32 xid follows the tag
 * @throws PROTO_TRUNCATED, PROTO_FIELD, PROTO_TRAILING  the bytes are no such message
 */
export function readRowChange(
  bytes: Buffer,
  start: number,
  end: number,
  isStreamed: boolean,
  into: RowChange,
): void {
  let at = start + (isStreamed ? 9 : 5);
  // The byte after the OID says which tuple comes; it is always there.
  if (end - at < 1) throw truncated(at + 1 - start, end - start);
  const tag = byteAt(bytes, start);
  into.tag = tag;
  into.xid = isStreamed ? uint32At(bytes, start + 1) : 0;
  into.relationOid = uint32At(bytes, at - 4);
  into.oldKind = 0;
  into.old.count = 0;
  into.new.count = 0;
  switch (tag) {
    case PgoutputTag.insert:
      at = readNewTuple(bytes, at, end, into);
      break;
    case PgoutputTag.update:
      if (byteAt(bytes, at) !== TupleTag.new) at = readOldTuple(bytes, at, end, into);
      at = readNewTuple(bytes, at, end, into);
      break;
    case PgoutputTag.delete:
      at = readOldTuple(bytes, at, end, into);
      break;
    default:
      throw unexpected('the tag of a row message', 'I, U or D', tag);
  }
  if (at !== end)
    throw new SluiceError('PROTO_TRAILING', { what: 'a row message', left: end - at });
}

/** The relation a row message is about, for those who only route it. */
export function readRowRelation(
  bytes: Buffer,
  start: number,
  end: number,
  isStreamed: boolean,
): number {
  const at = start + (isStreamed ? 5 : 1);
  if (end - at < 4) throw truncated(at + 4 - start, end - start);
  return int32At(bytes, at) >>> 0;
}

function readNewTuple(bytes: Buffer, at: number, end: number, into: RowChange): number {
  if (at >= end) throw truncated(1, 0);
  const mark = byteAt(bytes, at);
  if (mark !== TupleTag.new) throw unexpected('the mark before a tuple', 'N', mark);
  return readTuple(bytes, at + 1, end, into.new);
}

function readOldTuple(bytes: Buffer, at: number, end: number, into: RowChange): number {
  const mark = byteAt(bytes, at);
  if (mark !== TupleTag.key && mark !== TupleTag.old) {
    throw unexpected('the mark before an old tuple', 'K or O', mark);
  }
  into.oldKind = mark;
  return readTuple(bytes, at + 1, end, into.old);
}

function truncated(needed: number, left: number): SluiceError {
  return new SluiceError('PROTO_TRUNCATED', { what: 'a row message', needed, left });
}

function unexpected(what: string, expected: string, got: number): SluiceError {
  return new SluiceError('PROTO_FIELD', { what, expected, got: describeTag(got) });
}
