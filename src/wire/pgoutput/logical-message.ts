import type { Lsn } from '../lsn.ts';
import { openMessage, readXid } from './pgoutput-reader.ts';
import { PgoutputTag } from './tags.ts';

/** What pg_logical_emit_message wrote. Any role may write one, with any prefix. */
export interface LogicalMessage {
  /** The (sub)transaction, inside a streamed one; 0 outside. */
  readonly xid: number;
  /** False: not part of a transaction; it came at once, even if its transaction rolled back. */
  readonly isTransactional: boolean;
  readonly lsn: Lsn;
  readonly prefix: string;
  /** A view of the message's bytes. */
  readonly content: Buffer;
}

const transactionalFlag = 1;

export function readLogicalMessage(
  bytes: Buffer,
  start: number,
  end: number,
  isStreamed: boolean,
): LogicalMessage {
  const reader = openMessage('Message', PgoutputTag.logicalMessage, bytes, start, end);
  const xid = readXid(reader, isStreamed);
  const flags = reader.byte();
  if ((flags & ~transactionalFlag) !== 0) throw reader.bad('flags 0 or 1', flags);
  const message = {
    xid,
    isTransactional: flags === transactionalFlag,
    lsn: reader.lsn(),
    prefix: reader.text(),
    content: reader.view(reader.int32()),
  };
  reader.finish();
  return message;
}
