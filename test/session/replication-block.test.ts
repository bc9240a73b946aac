import * as fc from 'fast-check';
import { describe, expect, test } from 'vitest';
import { BlockBuilder, type ReplicationBlock } from '../../src/session/replication-block.ts';
import { FrameScanner, MessageWriter } from '../../src/wire/index.ts';

type Sent =
  | { readonly kind: 'message'; readonly text: string; readonly walEnd: bigint }
  | { readonly kind: 'keepalive'; readonly walEnd: bigint; readonly wantsReply: boolean };

const walEnd = fc.bigInt({ min: 0n, max: 2n ** 64n - 1n });
const sent: fc.Arbitrary<Sent> = fc.oneof(
  {
    weight: 5,
    arbitrary: fc.record({ kind: fc.constant('message' as const), text: fc.string(), walEnd }),
  },
  fc.record({ kind: fc.constant('keepalive' as const), walEnd, wantsReply: fc.boolean() }),
);

/** As the server frames it. */
function encode(item: Sent): Buffer {
  const isMessage = item.kind === 'message';
  const body = Buffer.alloc(isMessage ? 25 : 18);
  body.write(isMessage ? 'w' : 'k');
  body.writeBigUInt64BE(item.walEnd, isMessage ? 9 : 1);
  if (!isMessage) body.writeUInt8(item.wantsReply ? 1 : 0, 17);
  const text = isMessage ? Buffer.from(item.text) : Buffer.alloc(0);
  return new MessageWriter().copyData(Buffer.concat([body, text])).take();
}

/** Feeds the bytes, cut at these places, and gives the blocks and the number of replies asked for. */
function build(
  bytes: Buffer,
  cuts: readonly number[],
): { blocks: ReplicationBlock[]; replies: number } {
  const blocks: ReplicationBlock[] = [];
  let replies = 0;
  const builder = new BlockBuilder(
    (block) => blocks.push(block),
    () => replies++,
  );
  const scanner = new FrameScanner();
  const places = [0, ...cuts.map((cut) => cut % (bytes.length + 1)), bytes.length].toSorted(
    (a, b) => a - b,
  );
  for (const [i, from] of places.entries()) {
    const chunk = Buffer.from(bytes.subarray(from, places[i + 1] ?? from));
    scanner.push(chunk, (_tag, body, start, end) => builder.add(body, start, end));
    builder.flush();
  }
  return { blocks, replies };
}

function textsOf(blocks: readonly ReplicationBlock[]): string[] {
  return blocks.flatMap(({ bytes, starts, ends, count }) =>
    Array.from({ length: count }, (_, i) => bytes.toString('utf8', starts[i], ends[i])),
  );
}

describe('blocks of a replication stream', () => {
  test('hold every message once and in order, wherever reads cut the bytes', () => {
    fc.assert(
      fc.property(fc.array(sent, { maxLength: 200 }), fc.array(fc.nat()), (items, cuts) => {
        const { blocks, replies } = build(Buffer.concat(items.map(encode)), cuts);
        expect(textsOf(blocks)).toEqual(
          items.flatMap((item) => (item.kind === 'message' ? [item.text] : [])),
        );
        expect(replies).toBe(
          items.filter((item) => item.kind === 'keepalive' && item.wantsReply).length,
        );
        // What the last block says holds for all that came.
        const last = items.at(-1);
        expect(blocks.at(-1)?.keepaliveEnd ?? null).toBe(
          last?.kind === 'keepalive' ? last.walEnd : null,
        );
      }),
    );
  });

  test('know the newest end of WAL when they end', () => {
    fc.assert(
      fc.property(fc.array(fc.nat(), { minLength: 1 }), fc.array(fc.nat()), (positions, cuts) => {
        const ascending = positions.toSorted((a, b) => a - b).map(BigInt);
        const items = ascending.map((end): Sent => ({ kind: 'message', text: 'x', walEnd: end }));
        const { blocks } = build(Buffer.concat(items.map(encode)), cuts);
        expect(blocks.at(-1)?.serverWalEnd).toBe(ascending.at(-1));
      }),
    );
  });

  test('share the memory of the read, but for a message that two reads cut', () => {
    const message: Sent = { kind: 'message', text: 'x'.repeat(100), walEnd: 1n };
    const bytes = Buffer.concat(Array.from({ length: 1000 }, () => encode(message)));
    const { blocks } = build(bytes, [65_050]);
    expect(blocks.map(({ count }) => count)).toEqual([500, 1, 499]);
    expect(blocks.map(({ bytes: own }) => own.length)).toEqual([65_050, 130, 64_950]);
    expect(
      blocks.every(({ starts, ends, count }) => starts.length === count && ends.length === count),
    ).toBe(true);
  });

  test('are refused when they hold what is no replication message', () => {
    const frames = [
      Buffer.alloc(0),
      Buffer.from('w'),
      Buffer.alloc(24, 'w'),
      Buffer.from('k1234'),
      Buffer.from('?'),
    ];
    for (const body of frames) {
      const bytes = new MessageWriter().copyData(body).take();
      expect(() => build(bytes, [])).toThrow(expect.objectContaining({ name: 'SluiceError' }));
    }
  });
});
