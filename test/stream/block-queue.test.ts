import { describe, expect, onTestFinished, test } from 'vitest';
import { BlockQueue, SpillArea } from '../../src/stream/index.ts';
import { temporaryFolder, waitFor, within } from '../kit/index.ts';
import { describeBlock, drain, keepalive, transaction } from './messages.ts';

function openArea(maxBytes = 2 ** 30): SpillArea {
  const area = new SpillArea('queue', { directory: temporaryFolder(), maxBytes });
  onTestFinished(() => area.remove());
  return area;
}

describe('a block queue', () => {
  test('drops what comes after its end', async () => {
    const queue = new BlockQueue({ memoryBytes: 1, area: openArea() });
    await queue.push(transaction(1));
    const waiting = queue.push(transaction(2));
    queue.end();
    await within('the writer to be let go', waiting);
    for (let n = 3; n < 10; n++) await queue.push(transaction(n));
    await queue.push(keepalive(900n));
    expect(await drain(queue)).toEqual(['B1', 'I', 'C1']);
  });

  test('keeps only the last keepalive, in memory and behind what is on disk', async () => {
    const queue = new BlockQueue({ memoryBytes: 1, area: openArea() });
    queue.isWaiting = true;
    for (let i = 0n; i < 1000n; i++) await queue.push(keepalive(i));
    await queue.push(transaction(1));
    for (let i = 1000n; i < 2000n; i++) await queue.push(keepalive(i));
    await queue.push(transaction(2));
    for (let i = 2000n; i < 3000n; i++) await queue.push(keepalive(i));
    expect(queue.spilledBlocks).toBe(2);
    queue.end();
    expect(await drain(queue)).toEqual(['K999', 'B1', 'I', 'C1', 'B2', 'I', 'C2', 'K2999']);
    expect(queue.isEmpty).toBe(true);
  });

  test('counts what small blocks take beside their bytes', async () => {
    const queue = new BlockQueue({ memoryBytes: 100_000, area: openArea() });
    let pushed = 0;
    const pushing = (async () => {
      for (let n = 1; n <= 1000; n++, pushed++) await queue.push(transaction(n));
    })();
    await waitFor('the queue to be full', () => pushed >= 100);
    // 64 bytes of messages each: a thousand would fit by these alone.
    expect(pushed).toBeLessThan(200);
    queue.end();
    await pushing;
  });

  test('leaves half of the spill to transactions that are streamed', async () => {
    const area = openArea(100_000);
    const queue = new BlockQueue({ memoryBytes: 1, area });
    queue.isWaiting = true;
    let pushed = 0;
    const pushing = (async () => {
      for (let n = 1; n <= 200; n++, pushed++) await queue.push(transaction(n, 1000));
    })();
    await waitFor('the spill to be half full', () => area.usedBytes >= 50_000);
    expect(pushed).toBeLessThan(60);
    const streamed = area.createFile();
    for (let i = 0; i < 45; i++) await streamed.write({ block: transaction(1, 1000), notes: null });
    expect(area.usedBytes).toBeGreaterThan(90_000);
    // What was held back comes all the same, in order, once there is a consumer.
    for (let n = 1; n <= 200; n++)
      expect(describeBlock((await queue.shift())!)).toEqual([`B${n}`, 'I', `C${n}`]);
    await pushing;
  });
});
