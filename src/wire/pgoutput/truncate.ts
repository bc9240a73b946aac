import type { Oid } from '../lsn.ts';
import { openMessage, readXid } from './pgoutput-reader.ts';
import { PgoutputTag } from './tags.ts';

/** One TRUNCATE statement. */
export interface Truncate {
  /** The (sub)transaction, inside a streamed one; 0 outside. */
  readonly xid: number;
  /** Every published table that it emptied, those reached by CASCADE included. */
  readonly relationOids: readonly Oid[];
  readonly cascade: boolean;
  readonly restartIdentity: boolean;
}

const cascadeFlag = 1;
const restartIdentityFlag = 2;

export function readTruncate(
  bytes: Buffer,
  start: number,
  end: number,
  isStreamed: boolean,
): Truncate {
  const reader = openMessage('Truncate', PgoutputTag.truncate, bytes, start, end);
  const xid = readXid(reader, isStreamed);
  const announced = reader.int32();
  const options = reader.byte();
  if ((options & ~(cascadeFlag | restartIdentityFlag)) !== 0) {
    throw reader.bad('options 0 to 3', options);
  }
  const count = reader.count(announced, 4);
  const relationOids: Oid[] = [];
  for (let i = 0; i < count; i++) relationOids.push(reader.oid());
  reader.finish();
  return {
    xid,
    relationOids,
    cascade: (options & cascadeFlag) !== 0,
    restartIdentity: (options & restartIdentityFlag) !== 0,
  };
}
