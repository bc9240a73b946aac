import * as fc from 'fast-check';
import { describe, expect, onTestFinished, test } from 'vitest';
import { committedOrder, SpillArea, type ChangeBlock } from '../../src/stream/index.ts';
import { begin, block, commit, describeBlock, endOf, keepalive } from './messages.ts';
import { temporaryFolder } from '../kit/index.ts';

const start = (xid: number, isFirst = true): Buffer => {
  const message = Buffer.from('S----\x01');
  message.writeUInt32BE(xid, 1);
  message[5] = isFirst ? 1 : 0;
  return message;
};
const stop = Buffer.from('E');

/** A change as it is streamed: the (sub)transaction's xid behind the tag. Its body is one letter. */
function change(xid: number, body: string): Buffer {
  const message = Buffer.from(`I----${body}`);
  message.writeUInt32BE(xid, 1);
  return message;
}

function streamCommit(xid: number, n: number): Buffer {
  const message = Buffer.alloc(30);
  message[0] = 'c'.charCodeAt(0);
  message.writeUInt32BE(xid, 1);
  message.writeBigUInt64BE(endOf(n) - 10n, 6);
  message.writeBigUInt64BE(endOf(n), 14);
  return message;
}

function streamAbort(xid: number, subxid: number): Buffer {
  const message = Buffer.alloc(9);
  message[0] = 'A'.charCodeAt(0);
  message.writeUInt32BE(xid, 1);
  message.writeUInt32BE(subxid, 5);
  return message;
}

/** `B7 Ia Ib C1`: what comes out, the changes with their bodies. */
async function ordered(blocks: readonly ChangeBlock[]): Promise<string> {
  const area = new SpillArea('test', { directory: temporaryFolder(), maxBytes: 2 ** 30 });
  onTestFinished(() => area.remove());
  const found: string[] = [];
  async function* source(): AsyncGenerator<ChangeBlock> {
    yield* blocks;
  }
  for await (const next of committedOrder(source(), { slot: 's', area })) {
    const words = describeBlock(next);
    for (const [i, word] of words.entries())
      found.push(
        word === 'I'
          ? `I${next.bytes.toString('latin1', next.starts[i]! + 1, next.ends[i])}`
          : word,
      );
  }
  return found.join(' ');
}

describe('messages of a slot in commit order', () => {
  test('what is not streamed passes as it is, block by block', async () => {
    const plain = block(begin(1), Buffer.from('Ix'), commit(1));
    expect(await ordered([plain, keepalive(150n)])).toBe('B1 Ix C1 K150');
  });

  test('a streamed transaction comes at its commit, whole, others before it', async () => {
    const blocks = [
      block(start(7), change(7, 'a'), stop, begin(1), Buffer.from('Ix'), commit(1)),
      block(start(8), change(8, 'b'), stop, start(7, false), change(7, 'c'), stop),
      block(streamCommit(8, 2), begin(3), Buffer.from('Iy'), commit(3), streamCommit(7, 4)),
    ];
    expect(await ordered(blocks)).toBe('B1 Ix C1 B8 Ib C2 B3 Iy C3 B7 Ia Ic C4');
  });

  test('what a subtransaction did that was rolled back is left out, before and behind it', async () => {
    const high = 4_000_000_001; // a 32-bit xid that is negative when signed
    const blocks = [
      block(start(7), change(7, 'a'), change(high, 'x'), change(7, 'b'), stop),
      block(streamAbort(7, high), start(7, false), change(9, 'c'), stop, streamCommit(7, 1)),
    ];
    expect(await ordered(blocks)).toBe('B7 Ia Ib Ic C1');
  });

  test('a transaction that is rolled back leaves nothing', async () => {
    const blocks = [
      block(start(7), change(7, 'a'), stop, streamAbort(7, 7)),
      block(begin(1), commit(1)),
    ];
    expect(await ordered(blocks)).toBe('B1 C1');
  });

  test.each([
    ['a Stream Stop without its Start', [stop]],
    ['a Stream Start inside another', [start(7), start(8)]],
    ['a Begin inside a stream', [start(7), begin(1)]],
    ['a Stream Commit of a transaction that was never started', [streamCommit(7, 1)]],
    ['a Stream Commit inside a stream', [start(7), streamCommit(7, 1)]],
    ['a Stream Abort of a transaction that was never started', [streamAbort(7, 7)]],
  ])('%s stops the pipeline', async (_what, messages) => {
    await expect(ordered([block(...messages)])).rejects.toMatchObject({ code: 'STREAM_ORDER' });
  });

  test('any interleaving, cut into blocks anywhere, large enough to be spilled', async () => {
    const transactions = fc.array(
      fc.record({
        chunks: fc.array(fc.nat({ max: 3 }), { minLength: 1, maxLength: 4 }),
        end: fc.constantFrom('commit', 'abort'),
        undone: fc.boolean(),
      }),
      { minLength: 1, maxLength: 4 },
    );
    const seeds = fc.tuple(transactions, fc.infiniteStream(fc.nat({ max: 9 })));
    await fc.assert(
      fc.asyncProperty(seeds, async ([specs, dice]) => {
        const { messages, expected } = interleave(specs, dice);
        const blocks: ChangeBlock[] = [];
        for (let at = 0; at < messages.length;) {
          const size = 1 + next(dice);
          blocks.push(block(...messages.slice(at, at + size)));
          at += size;
        }
        expect(await ordered(blocks)).toBe(expected);
      }),
      { numRuns: 25 },
    );
  });
});

interface Spec {
  readonly chunks: readonly number[];
  readonly end: string;
  readonly undone: boolean;
}

/** Streams several transactions a chunk at a time, by the dice, and says what must come out. */
function interleave(
  specs: readonly Spec[],
  dice: Iterator<number>,
): { messages: Buffer[]; expected: string } {
  const messages: Buffer[] = [];
  const expected: string[] = [];
  let commits = 0;
  const open = specs.map((spec, i) => ({ spec, xid: 10 + i, sent: 0, kept: [] as string[] }));
  while (open.length > 0) {
    const at = next(dice) % open.length;
    const transaction = open[at]!;
    const { spec, xid } = transaction;
    if (transaction.sent < spec.chunks.length) {
      messages.push(start(xid, transaction.sent === 0));
      for (let i = 0; i <= spec.chunks[transaction.sent]!; i++) {
        // Some 100 kB: a few of them are more than a transaction keeps in memory.
        const body = `${xid}.${transaction.sent}.${i}.`.padEnd(100_000, 'x');
        const isUndone = spec.undone && i === 1;
        messages.push(change(isUndone ? 1000 + xid : xid, body));
        if (!isUndone) transaction.kept.push(`I${body}`);
      }
      messages.push(stop);
      transaction.sent++;
      continue;
    }
    open.splice(at, 1);
    if (spec.undone) messages.push(streamAbort(xid, 1000 + xid));
    if (spec.end === 'abort') messages.push(streamAbort(xid, xid));
    else {
      messages.push(streamCommit(xid, ++commits));
      expected.push(`B${xid}`, ...transaction.kept, `C${commits}`);
    }
  }
  return { messages, expected: expected.join(' ') };
}

function next(dice: Iterator<number>): number {
  return dice.next().value ?? 0;
}
