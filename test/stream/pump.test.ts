import { onTestFinished, expect, test } from 'vitest';
import { pumpBlocks } from '../../src/stream/pump.ts';
import {
  BlockQueue,
  committedOrder,
  SpillArea,
  type ChangeReader,
} from '../../src/stream/index.ts';
import { lsn, PgoutputTag } from '../../src/wire/index.ts';
import { temporaryFolder, waitFor, within } from '../kit/index.ts';
import { block, commit, endOf, insert } from './messages.ts';

const xid = 5;

function streamed(tag: number, more: Buffer = Buffer.alloc(0)): Buffer {
  const head = Buffer.alloc(5);
  head[0] = tag;
  head.writeUInt32BE(xid, 1);
  return Buffer.concat([head, more]);
}

/** One transaction of `chunks` rows of 256 KiB, streamed before its commit. */
async function* largeTransaction(chunks: number) {
  yield block(streamed(PgoutputTag.streamStart, Buffer.of(1)));
  for (let i = 0; i < chunks; i++) yield block(streamed(PgoutputTag.insert, insert(256 * 1024)));
  yield block(Buffer.of(PgoutputTag.streamStop));
  yield block(streamed(PgoutputTag.streamCommit, commit(1).subarray(1)));
}

test('a stop leaves a large transaction in the middle of its hand-over', async () => {
  const area = new SpillArea('pump', { directory: temporaryFolder(), maxBytes: 2 ** 30 });
  onTestFinished(() => area.remove());
  let handedOver = 0;
  const reader: ChangeReader = {
    async *blocks() {
      for await (const next of committedOrder(largeTransaction(100), { slot: 's', area })) {
        handedOver++;
        yield next;
      }
    },
    sourceEnd: lsn(endOf(1)),
    confirm: () => undefined,
    stop: () => Promise.resolve(),
  };
  const queue = new BlockQueue({ memoryBytes: 1024 * 1024, area });
  const pump = pumpBlocks(reader, queue);
  await waitFor('the queue to be full', () => handedOver >= 4);
  queue.end();
  await within('the pump to leave', pump.ended);
  expect(handedOver).toBeLessThan(10);
  expect(area.usedBytes).toBe(0);
  expect(pump.failed.aborted).toBe(false);
});
