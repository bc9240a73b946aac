import { describe, expect, test } from 'vitest';
import { CopiedMessages } from '../../src/stream/copied-messages.ts';
import type { ChangeBlock } from '../../src/stream/index.ts';

const header = Buffer.from('PGCOPY\n\xff\r\n\0\0\0\0\0\0\0\0\0', 'latin1');

function frame(...parts: readonly Buffer[]): Buffer {
  const body = Buffer.concat(parts);
  const head = Buffer.alloc(5);
  head[0] = 'd'.charCodeAt(0);
  head.writeInt32BE(body.length + 4, 1);
  return Buffer.concat([head, body]);
}

function row(value: string): Buffer {
  const head = Buffer.alloc(6);
  head.writeInt16BE(1, 0);
  head.writeInt32BE(value.length, 2);
  return Buffer.concat([head, Buffer.from(value)]);
}

const trailer = frame(Buffer.of(0xff, 0xff));

/** The messages found when `stream` comes in pieces of `size` bytes. */
function read(stream: Buffer, size: number): string[] {
  const found: string[] = [];
  const take = ({ bytes, starts, ends, count }: ChangeBlock): void => {
    for (let i = 0; i < count; i++) found.push(bytes.toString('utf8', starts[i], ends[i]));
  };
  const messages = new CopiedMessages(take);
  for (let at = 0; at < stream.length; at += size) messages.push(stream.subarray(at, at + size));
  return found;
}

// A server sends the header by itself or with the first row.
const many = Array.from({ length: 3000 }, (_, i) => `message ${i}`);
const streams: [string, Buffer, string[]][] = [
  ['nothing', Buffer.concat([frame(header), trailer]), []],
  [
    'the header alone, rows',
    Buffer.concat([frame(header), frame(row('a')), frame(row('')), trailer]),
    ['a', ''],
  ],
  [
    'the header with a row',
    Buffer.concat([frame(header, row('first')), frame(row('b')), trailer]),
    ['first', 'b'],
  ],
  [
    'more than a block holds at first',
    Buffer.concat([frame(header), ...many.map((text) => frame(row(text))), trailer]),
    many,
  ],
];

describe.each(streams)('%s', (_title, stream, expected) => {
  test.each([1, 2, 7, 64, 1 << 20])('in pieces of %i bytes', (size) => {
    expect(read(stream, size)).toEqual(expected);
  });
});

test('a row that is too short is an error', () => {
  const messages = new CopiedMessages(() => undefined);
  messages.push(frame(header));
  expect(() => messages.push(frame(Buffer.of(0, 1, 0)))).toThrow('a copied row ends early');
});
