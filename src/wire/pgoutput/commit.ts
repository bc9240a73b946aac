import type { Lsn } from '../lsn.ts';
import { openMessage, readNoFlags } from './pgoutput-reader.ts';
import { PgoutputTag } from './tags.ts';

export interface Commit {
  readonly commitLsn: Lsn;
  /** After the commit record: the position to confirm and to start from again. */
  readonly endLsn: Lsn;
  /** Microseconds since the Unix epoch. */
  readonly commitTimeUs: bigint;
}

export function readCommit(bytes: Buffer, start: number, end: number): Commit {
  const reader = openMessage('Commit', PgoutputTag.commit, bytes, start, end);
  readNoFlags(reader);
  const commit = { commitLsn: reader.lsn(), endLsn: reader.lsn(), commitTimeUs: reader.timeUs() };
  reader.finish();
  return commit;
}
