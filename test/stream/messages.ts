import { randomBytes } from 'node:crypto';
import { BlockBuilder } from '../../src/stream/block-builder.ts';
import type { ChangeBlock, ChangeQueue } from '../../src/stream/index.ts';
import { encodeBegin, encodeCommit } from '../../src/stream/transaction-messages.ts';
import { lsn, PgoutputTag, readBegin, readCommit, type Lsn } from '../../src/wire/index.ts';

/** Behind the commit of transaction `n`. */
export const endOf = (n: number): Lsn => lsn(BigInt(n) * 100n);

export const begin = (n: number): Buffer =>
  encodeBegin({ finalLsn: lsn(endOf(n) - 10n), commitTimeUs: 0n, xid: n });

export const commit = (n: number): Buffer =>
  encodeCommit({ commitLsn: lsn(endOf(n) - 10n), endLsn: endOf(n), commitTimeUs: 0n });

/** Stands for a row; its bytes do not compress. */
export const insert = (bytes = 20): Buffer => Buffer.concat([Buffer.from('I'), randomBytes(bytes)]);

export function relation(oid: number): Buffer {
  const message = Buffer.from('R----public\0t\0d\0\0');
  message.writeUInt32BE(oid, 1);
  return message;
}

export function block(...messages: Buffer[]): ChangeBlock {
  const builder = new BlockBuilder();
  for (const message of messages) builder.add(message, 0, message.length);
  return builder.take();
}

export function transaction(n: number, bytes?: number): ChangeBlock {
  return block(begin(n), insert(bytes), commit(n));
}

export const keepalive = (end: bigint): ChangeBlock => ({ ...block(), keepaliveEnd: lsn(end) });

/** What a block holds, short: `B1`, `I`, `C1`, `R7`, `K500`. */
export function describeBlock({ bytes, count, starts, ends, keepaliveEnd }: ChangeBlock): string[] {
  const found: string[] = [];
  for (let i = 0; i < count; i++) {
    const start = starts[i]!;
    const tag = bytes[start]!;
    let text = String.fromCharCode(tag);
    if (tag === PgoutputTag.begin) text += readBegin(bytes, start, ends[i]!).xid;
    else if (tag === PgoutputTag.commit) text += readCommit(bytes, start, ends[i]!).endLsn / 100n;
    else if (tag === PgoutputTag.relation) text += bytes.readUInt32BE(start + 1);
    found.push(text);
  }
  return keepaliveEnd === null ? found : [...found, `K${keepaliveEnd}`];
}

/** All that is in an ended queue. */
export async function drain(queue: ChangeQueue): Promise<string[]> {
  const found: string[] = [];
  for (let next = await queue.shift(); next; next = await queue.shift())
    found.push(...describeBlock(next));
  return found;
}
