import { setFlagsFromString } from 'node:v8';
import { runInNewContext } from 'node:vm';
import { expect, test } from 'vitest';
import { BlockQueue as SessionQueue } from '../../src/session/block-queue.ts';
import { BlockQueue, SpillArea } from '../../src/stream/index.ts';
import { endOf, transaction } from './messages.ts';
import { temporaryFolder } from '../kit/index.ts';

setFlagsFromString('--expose-gc');
const collect: unknown = runInNewContext('gc');

/** How many of the blocks that were taken are still held by somebody. */
async function heldOf(refs: readonly WeakRef<object>[]): Promise<number> {
  await new Promise((resolve) => setImmediate(resolve)); // what was just looked at is kept until then
  if (typeof collect === 'function') collect();
  return refs.filter((ref) => ref.deref() !== undefined).length;
}

test('what is taken from the queue before apply is let go, though the queue is never empty', async () => {
  const area = new SpillArea('test', { directory: temporaryFolder(), maxBytes: 2 ** 30 });
  const queue = new BlockQueue({ memoryBytes: 2 ** 30, area });
  const refs: WeakRef<object>[] = [];
  await queue.push(transaction(1));
  for (let n = 2; n < 200; n++) {
    await queue.push(transaction(n, 1000));
    refs.push(new WeakRef((await queue.shift())!.bytes));
  }
  expect(await heldOf(refs)).toBeLessThan(10);
  expect(queue.isEmpty).toBe(false);
  await area.remove();
});

const nothing = (): void => undefined;

/** As a session hands it over. */
const received = (n: number) => ({ ...transaction(n, 1000), serverWalEnd: endOf(n) });

test('so is what is taken from the queue behind the socket', async () => {
  const queue = new SessionQueue({ onFull: nothing, onRoom: nothing });
  const refs: WeakRef<object>[] = [];
  queue.push(received(1));
  for (let n = 2; n < 200; n++) {
    queue.push(received(n));
    refs.push(new WeakRef((await queue.shift())!.bytes));
  }
  expect(await heldOf(refs)).toBeLessThan(10);
});
