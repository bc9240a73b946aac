import { describe, expect, test } from 'vitest';
import { Outbox, type Outgoing } from '../../../src/replicate/feed/outbox.ts';
import { lsn } from '../../../src/wire/index.ts';
import { message } from '../../sink/sink-conformance.ts';

function outgoing(n: number, bytes = 1_000): Outgoing {
  const sent = message(n, { payload: Buffer.alloc(bytes) });
  return { message: sent, position: lsn(BigInt(n)), committedAt: null };
}

const tick = () => new Promise((resolve) => setImmediate(resolve));

describe('an outbox', () => {
  test('holds no more than it may, and goes on when its content is taken', async () => {
    const outbox = new Outbox(10_000);
    let pushed = 0;
    const pushing = (async () => {
      for (let n = 0; n < 100; n += 1) {
        await outbox.push(outgoing(n));
        pushed += 1;
      }
      outbox.end();
    })();
    await tick();
    expect(pushed).toBe(7); // 1,000 bytes and what a message takes beside them
    const taken: number[] = [];
    for (let block = await outbox.take(); block !== null; block = await outbox.take()) {
      taken.push(...block.map(({ message }) => Number(message?.position)));
      expect(block.length).toBeLessThanOrEqual(7);
    }
    await pushing;
    expect(taken).toEqual(Array.from({ length: 100 }, (_, i) => i));
  });

  test('takes one that is larger than all it may hold', async () => {
    const outbox = new Outbox(100);
    expect(await outbox.push(outgoing(1))).toBe(true);
    expect(await outbox.take()).toHaveLength(1);
  });

  test('gives out what is there before it tells what reading ended with', async () => {
    const outbox = new Outbox(10_000);
    await outbox.push(outgoing(1));
    outbox.end(new Error('lost'));
    expect(await outbox.take()).toHaveLength(1);
    await expect(outbox.take()).rejects.toThrow('lost');
  });

  test('closed, it forgets what waits, and nobody waits for it', async () => {
    const outbox = new Outbox(1);
    await outbox.push(outgoing(1));
    const pushing = outbox.push(outgoing(2));
    outbox.close();
    expect(await pushing).toBe(false);
    expect(await outbox.take()).toBeNull();
  });
});
