import type { Lsn } from '../lsn.ts';
import { openMessage, readNoFlags } from './pgoutput-reader.ts';
import { PgoutputTag } from './tags.ts';

/** A block of a transaction that has not ended yet begins; every message up to Stream Stop carries an xid. */
export interface StreamStart {
  /** The top-level transaction. */
  readonly xid: number;
  readonly isFirst: boolean;
}

export interface StreamCommit {
  readonly xid: number;
  readonly commitLsn: Lsn;
  readonly endLsn: Lsn;
  /** Microseconds since the Unix epoch. */
  readonly commitTimeUs: bigint;
}

export interface StreamAbort {
  /** The top-level transaction. */
  readonly xid: number;
  /** The subtransaction that rolled back; equals `xid` when the whole transaction did. */
  readonly subxid: number;
  /** Sent with `streaming 'parallel'` (protocol 4); null otherwise. */
  readonly abortLsn: Lsn | null;
  /** Microseconds since the Unix epoch; null as abortLsn. */
  readonly abortTimeUs: bigint | null;
}

export function readStreamStart(bytes: Buffer, start: number, end: number): StreamStart {
  const reader = openMessage('Stream Start', PgoutputTag.streamStart, bytes, start, end);
  const xid = reader.uint32();
  const first = reader.byte();
  if (first > 1) throw reader.bad('first segment 0 or 1', first);
  reader.finish();
  return { xid, isFirst: first === 1 };
}

/** @throws PROTO_TRAILING  Stream Stop is its tag alone */
export function readStreamStop(bytes: Buffer, start: number, end: number): void {
  openMessage('Stream Stop', PgoutputTag.streamStop, bytes, start, end).finish();
}

export function readStreamCommit(bytes: Buffer, start: number, end: number): StreamCommit {
  const reader = openMessage('Stream Commit', PgoutputTag.streamCommit, bytes, start, end);
  const xid = reader.uint32();
  readNoFlags(reader);
  const commit = { commitLsn: reader.lsn(), endLsn: reader.lsn(), commitTimeUs: reader.timeUs() };
  reader.finish();
  return { xid, ...commit };
}

export function readStreamAbort(bytes: Buffer, start: number, end: number): StreamAbort {
  const reader = openMessage('Stream Abort', PgoutputTag.streamAbort, bytes, start, end);
  const xid = reader.uint32();
  const subxid = reader.uint32();
  const hasPosition = reader.left > 0;
  const abortLsn = hasPosition ? reader.lsn() : null;
  const abortTimeUs = hasPosition ? reader.timeUs() : null;
  reader.finish();
  return { xid, subxid, abortLsn, abortTimeUs };
}
