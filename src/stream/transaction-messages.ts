import { PgoutputTag, toPostgresTime, type Lsn } from '../wire/index.ts';

/** The Begin message that protocol 1 would have sent for a transaction that was streamed. */
export function encodeBegin(begin: { finalLsn: Lsn; commitTimeUs: bigint; xid: number }): Buffer {
  const message = Buffer.allocUnsafe(21);
  message[0] = PgoutputTag.begin;
  message.writeBigUInt64BE(begin.finalLsn, 1);
  message.writeBigInt64BE(toPostgresTime(begin.commitTimeUs), 9);
  message.writeUInt32BE(begin.xid, 17);
  return message;
}

/** The Commit message that protocol 1 would have sent for a transaction that was streamed. */
export function encodeCommit(commit: {
  commitLsn: Lsn;
  endLsn: Lsn;
  commitTimeUs: bigint;
}): Buffer {
  const message = Buffer.allocUnsafe(26);
  message[0] = PgoutputTag.commit;
  message[1] = 0;
  message.writeBigUInt64BE(commit.commitLsn, 2);
  message.writeBigUInt64BE(commit.endLsn, 10);
  message.writeBigInt64BE(toPostgresTime(commit.commitTimeUs), 18);
  return message;
}
