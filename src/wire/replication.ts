import { SluiceError } from '../errors/index.ts';
import { byteAt } from './bytes.ts';
import { MessageBuffer } from './message-buffer.ts';
import type { Lsn } from './lsn.ts';
import { MessageReader } from './message-reader.ts';
import { FrontendTag } from './tags.ts';
import { toPostgresTime } from './time.ts';

/** First byte of a CopyData body while replicating (PostgreSQL manual, "Streaming Replication Protocol"). */
export const ReplicationTag = {
  xLogData: 0x77, // w
  keepalive: 0x6b, // k
  statusUpdate: 0x72, // r
} as const;

/** XLogData's tag, WAL start, WAL end and send time; the plugin's message follows. */
export const xLogDataHeaderBytes = 25;

const walEndOffset = 9;

export interface XLogDataHeader {
  readonly walStart: Lsn;
  /** The server's end of WAL when it sent this. */
  readonly walEnd: Lsn;
  /** Microseconds since the Unix epoch, by the server's clock. */
  readonly sendTimeUs: bigint;
}

export interface Keepalive {
  readonly walEnd: Lsn;
  readonly sendTimeUs: bigint;
  /** The server ends the connection unless a status update comes at once. */
  readonly replyRequested: boolean;
}

export interface StatusUpdate {
  readonly written: Lsn;
  /** What the server may forget: never beyond what is durable on our side. */
  readonly flushed: Lsn;
  readonly applied: Lsn;
  readonly replyRequested: boolean;
  /** Our clock, microseconds since the Unix epoch. */
  readonly nowUs: bigint;
}

/** The kind of a CopyData body: one of ReplicationTag. @throws PROTO_TRUNCATED  it is empty or cut in its header */
export function replicationTag(bytes: Buffer, start: number, end: number): number {
  if (end <= start) throw truncated('a replication message', 1, 0);
  const tag = byteAt(bytes, start);
  if (tag === ReplicationTag.xLogData && end - start < xLogDataHeaderBytes) {
    throw truncated('XLogData', xLogDataHeaderBytes, end - start);
  }
  return tag;
}

/** @param start  at the 'w'; the plugin's message is `[start + xLogDataHeaderBytes, end)` */
export function readXLogData(bytes: Buffer, start: number, end: number): XLogDataHeader {
  const reader = new MessageReader('XLogData', bytes, start + 1, end);
  return { walStart: reader.lsn(), walEnd: reader.lsn(), sendTimeUs: reader.timeUs() };
}

/** Only the end of WAL: many messages come in one read, and the newest one's is enough. */
export function readXLogDataWalEnd(bytes: Buffer, start: number, end: number): Lsn {
  return new MessageReader('XLogData', bytes, start + walEndOffset, end).lsn();
}

/** @param start  at the 'k' */
export function readKeepalive(bytes: Buffer, start: number, end: number): Keepalive {
  const reader = new MessageReader('a keepalive', bytes, start + 1, end);
  const walEnd = reader.lsn();
  const sendTimeUs = reader.timeUs();
  const replyRequested = reader.byte() !== 0;
  reader.finish();
  return { walEnd, sendTimeUs, replyRequested };
}

/** A standby status update, whole: a CopyData message with its header. */
export function encodeStatusUpdate(update: StatusUpdate): Buffer {
  const out = new MessageBuffer(64);
  out.begin(FrontendTag.copyData);
  out.byte(ReplicationTag.statusUpdate);
  out.int64(BigInt.asIntN(64, update.written));
  out.int64(BigInt.asIntN(64, update.flushed));
  out.int64(BigInt.asIntN(64, update.applied));
  out.int64(toPostgresTime(update.nowUs));
  out.byte(update.replyRequested ? 1 : 0);
  out.finish();
  return out.take();
}

function truncated(what: string, needed: number, left: number): SluiceError {
  return new SluiceError('PROTO_TRUNCATED', { what, needed, left });
}
