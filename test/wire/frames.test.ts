import * as fc from 'fast-check';
import { describe, expect, test } from 'vitest';
import { isSluiceError } from '../../src/errors/index.ts';
import { FrameScanner, type OnFrame } from '../../src/wire/index.ts';
import { anySplit, eachByte, frame } from './bytes.ts';

interface Seen {
  tag: string;
  body: string;
}

function collector(): { seen: Seen[]; onFrame: OnFrame } {
  const seen: Seen[] = [];
  return {
    seen,
    onFrame: (tag, bytes, start, end) => {
      seen.push({ tag: String.fromCharCode(tag), body: bytes.toString('hex', start, end) });
    },
  };
}

const anyFrames = fc.array(
  fc.record({
    tag: fc.constantFrom('R', 'D', 'd', 'C', 'Z', 'E', 'T', 'S'),
    body: fc.uint8Array({ maxLength: 300 }).map((bytes) => Buffer.from(bytes)),
  }),
  { maxLength: 20 },
);

const stream = Buffer.concat([
  frame('T', Buffer.from('one')),
  frame('Z', Buffer.alloc(0)),
  frame('D', Buffer.alloc(70_000, 7)),
  frame('C', Buffer.from('four')),
]);
const streamSeen: Seen[] = [
  { tag: 'T', body: Buffer.from('one').toString('hex') },
  { tag: 'Z', body: '' },
  { tag: 'D', body: '07'.repeat(70_000) },
  { tag: 'C', body: Buffer.from('four').toString('hex') },
];

describe('FrameScanner', () => {
  test('finds the same messages however the stream is split', () => {
    const anyStream = anyFrames.chain((frames) => {
      const bytes = Buffer.concat(frames.map(({ tag, body }) => frame(tag, body)));
      return fc.record({ frames: fc.constant(frames), chunks: anySplit(bytes) });
    });
    fc.assert(
      fc.property(anyStream, ({ frames, chunks }) => {
        const { seen, onFrame } = collector();
        const scanner = new FrameScanner();
        for (const chunk of chunks) scanner.push(chunk, onFrame);
        expect(seen).toEqual(frames.map(({ tag, body }) => ({ tag, body: body.toString('hex') })));
      }),
    );
  });

  test('finds every message fed one byte at a time, also one longer than its first memory', () => {
    const { seen, onFrame } = collector();
    const scanner = new FrameScanner();
    for (const byte of eachByte(stream)) scanner.push(byte, onFrame);
    expect(seen).toEqual(streamSeen);
  });

  test('hands a whole message over as a view of the chunk', () => {
    const chunk = frame('D', Buffer.from('abc'));
    let given: Buffer | undefined;
    new FrameScanner().push(chunk, (_tag, bytes) => {
      given = bytes;
    });
    expect(given).toBe(chunk);
  });

  test('never writes again to the memory of a cut message', () => {
    const kept: Buffer[] = [];
    const scanner = new FrameScanner();
    const chunk = Buffer.concat([
      frame('D', Buffer.from('first')),
      frame('D', Buffer.from('other')),
    ]);
    for (const byte of eachByte(chunk)) {
      scanner.push(byte, (_tag, bytes, start, end) => kept.push(bytes.subarray(start, end)));
    }
    expect(kept.map(String)).toEqual(['first', 'other']);
  });

  test('gives back what it has not delivered, at any point of the stream', () => {
    fc.assert(
      fc.property(fc.nat({ max: stream.length }), (cut) => {
        const { seen, onFrame } = collector();
        const scanner = new FrameScanner();
        scanner.push(stream.subarray(0, cut), onFrame);
        const rest = Buffer.concat([scanner.detach(), stream.subarray(cut)]);
        new FrameScanner().push(rest, onFrame);
        expect(seen).toEqual(streamSeen);
        expect(scanner.detach()).toHaveLength(0);
      }),
      { numRuns: 50 },
    );
  });

  test('stops delivering when detached from within a delivery', () => {
    const scanner = new FrameScanner();
    let delivered = 0;
    let rest = Buffer.alloc(0);
    scanner.push(stream, () => {
      delivered++;
      rest = Buffer.from(scanner.detach());
    });
    expect(delivered).toBe(1);
    expect(rest).toEqual(stream.subarray(8));
  });

  test('goes on after the message whose handler threw', () => {
    const { seen, onFrame } = collector();
    const scanner = new FrameScanner();
    expect(() => scanner.push(stream.subarray(0, 40), throwAlways)).toThrow('handler');
    scanner.push(stream.subarray(40), onFrame);
    expect(seen).toEqual(streamSeen.slice(1));
  });

  test.each([-1, -2_147_483_648, 0, 3, 0x3fff_ffff + 1, 0x7fff_ffff])(
    'refuses a message that announces %i bytes, whole or byte by byte',
    (length) => {
      const bytes = Buffer.concat([Buffer.from('D'), Buffer.alloc(4), Buffer.alloc(8)]);
      bytes.writeInt32BE(length, 1);
      for (const chunks of [[bytes], eachByte(bytes)]) {
        const scanner = new FrameScanner();
        const { seen, onFrame } = collector();
        let caught: unknown;
        try {
          for (const chunk of chunks) scanner.push(chunk, onFrame);
        } catch (error) {
          caught = error;
        }
        expect(isSluiceError(caught, 'PROTO_FRAME_LENGTH')).toBe(true);
        expect(seen).toEqual([]);
      }
    },
  );

  test('takes no memory for a giant message before its bytes come', () => {
    const scanner = new FrameScanner();
    const header = Buffer.from([0x44, 0x3f, 0xff, 0xff, 0xff]);
    const before = process.memoryUsage().arrayBuffers;
    scanner.push(header, () => undefined);
    scanner.push(Buffer.alloc(1000), () => undefined);
    expect(process.memoryUsage().arrayBuffers - before).toBeLessThan(1_000_000);
  });

  test('keeps to the limit it was given', () => {
    const scanner = new FrameScanner({ maxFrameBytes: 10 });
    const { seen, onFrame } = collector();
    scanner.push(frame('D', Buffer.from('sixsix')), onFrame);
    expect(seen).toHaveLength(1);
    expect(() => scanner.push(frame('D', Buffer.from('seven77')), onFrame)).toThrow('PROTO_FRAME');
  });
});

function throwAlways(): void {
  throw new Error('handler');
}
