import * as fc from 'fast-check';
import { describe, expect, test } from 'vitest';
import { CopyFrameMerger, FrameScanner } from '../../src/wire/index.ts';
import { anySplit, frame } from './bytes.ts';

interface Merged {
  readonly bodies: Buffer;
  readonly frames: number;
}

/** What a server makes of the messages that come out. */
function merge(runs: readonly Buffer[]): Merged {
  const merger = new CopyFrameMerger();
  const scanner = new FrameScanner();
  const bodies: Buffer[] = [];
  for (const run of runs)
    for (const piece of merger.merge(Buffer.from(run)))
      scanner.push(Buffer.from(piece), (tag, bytes, start, end) => {
        expect(tag).toBe('d'.charCodeAt(0));
        bodies.push(Buffer.from(bytes.subarray(start, end)));
      });
  expect(scanner.detach()).toHaveLength(0);
  return { bodies: Buffer.concat(bodies), frames: bodies.length };
}

const anyBody = fc.oneof(
  { weight: 20, arbitrary: fc.uint8Array({ maxLength: 60 }) },
  // Longer than what is kept of a message that is cut.
  {
    weight: 1,
    arbitrary: fc.integer({ min: 15_000, max: 70_000 }).map((n) => new Uint8Array(n).fill(n)),
  },
);

describe('CopyFrameMerger', () => {
  test('hands on every byte of every row in order, however the runs are cut', () => {
    const anyRuns = fc.array(anyBody, { maxLength: 60 }).chain((bodies) => {
      const bytes = Buffer.concat(bodies.map((body) => frame('d', Buffer.from(body))));
      return fc.record({ bodies: fc.constant(bodies), runs: anySplit(bytes) });
    });
    fc.assert(
      fc.property(anyRuns, ({ bodies, runs }) => {
        expect(merge(runs).bodies.equals(Buffer.concat(bodies))).toBe(true);
      }),
    );
  });

  test('makes one message of a run', () => {
    const rows = Array.from({ length: 100 }, (_, i) => frame('d', Buffer.from(`row ${i}`)));
    expect(merge([Buffer.concat(rows)]).frames).toBe(1);
  });

  test('a row longer than any run is handed on as it comes, the rows around it whole', () => {
    const long = Buffer.alloc(300_000, 7);
    const bytes = Buffer.concat([
      frame('d', Buffer.from('a')),
      frame('d', long),
      frame('d', Buffer.from('b')),
    ]);
    const runs = Array.from({ length: 5 }, (_, i) => bytes.subarray(i * 65_536, (i + 1) * 65_536));
    const { bodies, frames } = merge(runs);
    expect(bodies.equals(Buffer.concat([Buffer.from('a'), long, Buffer.from('b')]))).toBe(true);
    expect(frames).toBe(3);
  });
});
