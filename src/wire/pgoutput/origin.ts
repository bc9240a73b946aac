import type { Lsn } from '../lsn.ts';
import { openMessage } from './pgoutput-reader.ts';
import { PgoutputTag } from './tags.ts';

/** Where a transaction was first made, when it was itself replicated to the source. */
export interface Origin {
  /** The commit on the origin server. */
  readonly commitLsn: Lsn;
  readonly name: string;
}

export function readOrigin(bytes: Buffer, start: number, end: number): Origin {
  const reader = openMessage('Origin', PgoutputTag.origin, bytes, start, end);
  const origin = { commitLsn: reader.lsn(), name: reader.text() };
  reader.finish();
  return origin;
}
