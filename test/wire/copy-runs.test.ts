import * as fc from 'fast-check';
import { describe, expect, test } from 'vitest';
import { isSluiceError } from '../../src/errors/index.ts';
import { CopyRunScanner } from '../../src/wire/index.ts';
import { anySplit, eachByte, frame } from './bytes.ts';

/** What a scanner made of chunks: the bytes of the runs, and the other messages by where they came. */
function scan(chunks: readonly Buffer[]): {
  runs: Buffer;
  frames: string[];
  scanner: CopyRunScanner;
} {
  const scanner = new CopyRunScanner();
  const runs: Buffer[] = [];
  const frames: string[] = [];
  for (const chunk of chunks) {
    scanner.push(
      chunk,
      (bytes, start, end) => runs.push(Buffer.from(bytes.subarray(start, end))),
      (tag, bytes, start, end) => {
        const body = bytes.toString('latin1', start, end);
        frames.push(`${String.fromCharCode(tag)}${body} after ${Buffer.concat(runs).length}`);
      },
    );
  }
  return { runs: Buffer.concat(runs), frames, scanner };
}

const anyMessages = fc.array(
  fc.record({
    tag: fc.constantFrom('d', 'd', 'd', 'd', 'N', 'S', 'c', 'C', 'Z'),
    body: fc.string({ maxLength: 40 }).map((body) => Buffer.from(body, 'latin1')),
  }),
  { maxLength: 30 },
);

describe('CopyRunScanner', () => {
  test('passes CopyData on unread and whole messages between, however the stream is split', () => {
    const anyStream = anyMessages.chain((messages) => {
      const bytes = Buffer.concat(messages.map(({ tag, body }) => frame(tag, body)));
      return fc.record({ messages: fc.constant(messages), chunks: anySplit(bytes) });
    });
    fc.assert(
      fc.property(anyStream, ({ messages, chunks }) => {
        const data = messages.filter(({ tag }) => tag === 'd').map(({ body }) => frame('d', body));
        const expected: string[] = [];
        let before = 0;
        for (const { tag, body } of messages) {
          if (tag === 'd') before += body.length + 5;
          else expected.push(`${tag}${body.toString('latin1')} after ${before}`);
        }
        const { runs, frames, scanner } = scan(chunks);
        expect(runs).toEqual(Buffer.concat(data));
        expect(frames).toEqual(expected);
        expect(scanner.isMidMessage).toBe(false);
      }),
    );
  });

  test('says where a receiver of the runs stands inside a message', () => {
    const bytes = Buffer.concat([frame('d', Buffer.from('row')), frame('c', Buffer.alloc(0))]);
    const scanner = new CopyRunScanner();
    const inside = eachByte(bytes).map((byte) => {
      scanner.push(
        byte,
        () => undefined,
        () => undefined,
      );
      return scanner.isMidMessage;
    });
    expect(inside).toEqual([...Array<boolean>(7).fill(true), ...Array<boolean>(6).fill(false)]);
  });

  test('one run covers all the CopyData of a chunk', () => {
    const bytes = Buffer.concat([frame('d', Buffer.from('a')), frame('d', Buffer.from('b'))]);
    let runs = 0;
    new CopyRunScanner().push(
      bytes,
      () => runs++,
      () => undefined,
    );
    expect(runs).toBe(1);
  });

  test.each(['d', 'C'])('refuses a length under 4 in %s, whole or byte by byte', (tag) => {
    const bytes = Buffer.concat([Buffer.from(tag), Buffer.from([0, 0, 0, 3]), Buffer.from('x')]);
    for (const chunks of [[bytes], eachByte(bytes)]) {
      let caught: unknown;
      try {
        scan(chunks);
      } catch (error) {
        caught = error;
      }
      expect(isSluiceError(caught, 'PROTO_FRAME_LENGTH')).toBe(true);
    }
  });

  test('gives the bytes after COPY back to the scanner that goes on', () => {
    const end = Buffer.concat([frame('c', Buffer.alloc(0)), frame('Z', Buffer.from('I'))]);
    const scanner = new CopyRunScanner();
    let rest = Buffer.alloc(0);
    scanner.push(
      Buffer.concat([frame('d', Buffer.from('row')), end]),
      () => undefined,
      () => {
        rest = Buffer.from(scanner.detach());
      },
    );
    expect(rest).toEqual(frame('Z', Buffer.from('I')));
  });
});
