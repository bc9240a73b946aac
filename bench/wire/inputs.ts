import { PgoutputTag, TupleTag } from '../../src/wire/index.ts';

/** Messages back to back, as one read of a stream brings them. */
export interface Messages {
  readonly bytes: Buffer;
  readonly starts: Int32Array;
  readonly ends: Int32Array;
}

export const messageCount = 1000;

/** Inserts of id int4, amount int8, note text and a column that is NULL in one row of three. */
export function binaryInserts(): Messages {
  return layOut((i) => insert('b', [int4(i), int8(i), Buffer.from(`order ${i}`), nullable(i)]));
}

export function textInserts(): Messages {
  const at = Buffer.from('2026-01-31 12:34:56.789+00');
  return layOut((i) => insert('t', [Buffer.from(`${i}`), at, Buffer.from(`order ${i}`), null]));
}

/** The inserts as messages of the frontend/backend protocol. */
export function framed({ bytes, starts, ends }: Messages, tag: number): Buffer {
  const frames: Buffer[] = [];
  for (const [i, start] of starts.entries()) {
    const body = bytes.subarray(start, ends[i]);
    const header = Buffer.from([tag, 0, 0, 0, 0]);
    header.writeInt32BE(body.length + 4, 1);
    frames.push(header, body);
  }
  return Buffer.concat(frames);
}

function layOut(make: (i: number) => Buffer): Messages {
  const messages = Array.from({ length: messageCount }, (_, i) => make(i));
  const starts = new Int32Array(messageCount);
  const ends = new Int32Array(messageCount);
  let at = 0;
  for (const [i, message] of messages.entries()) {
    starts[i] = at;
    at += message.length;
    ends[i] = at;
  }
  return { bytes: Buffer.concat(messages), starts, ends };
}

function insert(kind: 'b' | 't', cells: readonly (Buffer | null)[]): Buffer {
  const head = Buffer.from([PgoutputTag.insert, 0, 0, 64, 1, TupleTag.new, 0, cells.length]);
  const parts = cells.map((cell) =>
    cell === null ? Buffer.from('n') : Buffer.concat([Buffer.from(kind), int4(cell.length), cell]),
  );
  return Buffer.concat([head, ...parts]);
}

function nullable(i: number): Buffer | null {
  return i % 3 === 0 ? null : int4(i);
}

function int4(value: number): Buffer {
  const bytes = Buffer.alloc(4);
  bytes.writeInt32BE(value);
  return bytes;
}

function int8(value: number): Buffer {
  const bytes = Buffer.alloc(8);
  bytes.writeBigInt64BE(BigInt(value));
  return bytes;
}
