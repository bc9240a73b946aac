import type { Lsn } from '../lsn.ts';
import { openMessage } from './pgoutput-reader.ts';
import { PgoutputTag } from './tags.ts';

export interface Begin {
  /** Where the transaction's commit record starts: equals its Commit's `commitLsn`. */
  readonly finalLsn: Lsn;
  /** Microseconds since the Unix epoch. */
  readonly commitTimeUs: bigint;
  readonly xid: number;
}

export function readBegin(bytes: Buffer, start: number, end: number): Begin {
  const reader = openMessage('Begin', PgoutputTag.begin, bytes, start, end);
  const begin = { finalLsn: reader.lsn(), commitTimeUs: reader.timeUs(), xid: reader.uint32() };
  reader.finish();
  return begin;
}
