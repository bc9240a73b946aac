import type { Lsn } from '../lsn.ts';
import type { MessageReader } from '../message-reader.ts';
import { openMessage, readNoFlags } from './pgoutput-reader.ts';
import { PgoutputTag } from './tags.ts';

/** Begin Prepare, Prepare or Stream Prepare. Times are microseconds since the Unix epoch. */
export interface Prepare {
  readonly prepareLsn: Lsn;
  readonly endLsn: Lsn;
  readonly prepareTimeUs: bigint;
  readonly xid: number;
  /** The name given to PREPARE TRANSACTION. */
  readonly gid: string;
}

export interface CommitPrepared {
  readonly commitLsn: Lsn;
  readonly endLsn: Lsn;
  readonly commitTimeUs: bigint;
  readonly xid: number;
  readonly gid: string;
}

export interface RollbackPrepared {
  readonly prepareEndLsn: Lsn;
  readonly rollbackEndLsn: Lsn;
  readonly prepareTimeUs: bigint;
  readonly rollbackTimeUs: bigint;
  readonly xid: number;
  readonly gid: string;
}

export function readBeginPrepare(bytes: Buffer, start: number, end: number): Prepare {
  return readPrepareBody(openMessage('Begin Prepare', PgoutputTag.beginPrepare, bytes, start, end));
}

export function readPrepare(bytes: Buffer, start: number, end: number): Prepare {
  const reader = openMessage('Prepare', PgoutputTag.prepare, bytes, start, end);
  readNoFlags(reader);
  return readPrepareBody(reader);
}

export function readStreamPrepare(bytes: Buffer, start: number, end: number): Prepare {
  const reader = openMessage('Stream Prepare', PgoutputTag.streamPrepare, bytes, start, end);
  readNoFlags(reader);
  return readPrepareBody(reader);
}

export function readCommitPrepared(bytes: Buffer, start: number, end: number): CommitPrepared {
  const reader = openMessage('Commit Prepared', PgoutputTag.commitPrepared, bytes, start, end);
  readNoFlags(reader);
  const commit = {
    commitLsn: reader.lsn(),
    endLsn: reader.lsn(),
    commitTimeUs: reader.timeUs(),
    xid: reader.uint32(),
    gid: reader.text(),
  };
  reader.finish();
  return commit;
}

export function readRollbackPrepared(bytes: Buffer, start: number, end: number): RollbackPrepared {
  const reader = openMessage('Rollback Prepared', PgoutputTag.rollbackPrepared, bytes, start, end);
  readNoFlags(reader);
  const rollback = {
    prepareEndLsn: reader.lsn(),
    rollbackEndLsn: reader.lsn(),
    prepareTimeUs: reader.timeUs(),
    rollbackTimeUs: reader.timeUs(),
    xid: reader.uint32(),
    gid: reader.text(),
  };
  reader.finish();
  return rollback;
}

function readPrepareBody(reader: MessageReader): Prepare {
  const prepare = {
    prepareLsn: reader.lsn(),
    endLsn: reader.lsn(),
    prepareTimeUs: reader.timeUs(),
    xid: reader.uint32(),
    gid: reader.text(),
  };
  reader.finish();
  return prepare;
}
