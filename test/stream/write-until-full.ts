/**
 * Run where files may not grow beyond a limit: what fits of a write is written, the next one fails, as on a disk
 * that is full. Writes transactions to a durable log and to a spill file until each refuses, and says how many
 * were taken.
 */
import { join } from 'node:path';
import { isSluiceError } from '../../src/errors/index.ts';
import { DurableLog, SpillArea } from '../../src/stream/index.ts';
import { encodeRecord } from '../../src/stream/log-file.ts';
import { endOf, transaction } from './messages.ts';

const folder = process.argv[2]!;
const plenty = 2 ** 30;

const log = await DurableLog.open(join(folder, 'log'), plenty);
const segment = await log.rotate(endOf(0), 'binary');
const logged = await countUntilFull(async (n) => {
  await log.append(segment, await encodeRecord(transaction(n, 1500)), endOf(n));
});

const area = new SpillArea('full', { directory: folder, maxBytes: plenty });
const file = area.createFile();
const spilled = await countUntilFull(async (n) => {
  await file.write({ block: transaction(n, 1500), notes: null });
});
let read = 0;
while (await file.read()) read++;

process.stdout.write(JSON.stringify({ logged, usedBytes: log.usedBytes, spilled, read }));

async function countUntilFull(write: (n: number) => Promise<void>): Promise<number> {
  for (let n = 1; ; n++) {
    try {
      await write(n);
    } catch (error) {
      if (isSluiceError(error, 'STREAM_SPILL_FULL')) return n - 1;
      throw error;
    }
  }
}
