import { expect, test } from 'vitest';
import type { Batch } from '../../../src/queue/consumer/batch-feed.ts';
import { EventTracking } from '../../../src/queue/consumer/tracking.ts';
import { anyMajor, postgres, queueDatabase, targetDatabase, type QueueDatabase } from './pgq.ts';

const server = postgres(anyMajor);

async function nextBatch(db: QueueDatabase): Promise<Batch> {
  await db.insert([['t', 'd']]);
  const id = BigInt(await db.database.value<string>("SELECT pgq.next_batch('q', 'c')"));
  const tick = { previousTickId: 0n, tickId: 0n, tickTime: new Date(), eventsSql: '' };
  return { id, queue: 'q', ...tick };
}

test.each([
  ['in the queue database', false],
  ['in a target', true],
])(
  '%s: who comes late with a batch that is finished forgets nothing of the next',
  async (_where, isElsewhere) => {
    const db = await queueDatabase(server, 'ours');
    const place = isElsewhere ? await targetDatabase(server) : db;
    await db.database.query("SELECT pgq.register_consumer('q', 'c')");
    const options = { consumer: 'c', subconsumers: new Map<string, string>(), isElsewhere };
    const database = 'database' in place ? place.database : place;
    const own = await database.client();
    const client = { connect: () => Promise.resolve(), own };
    const [late, next] = [new EventTracking(client, options), new EventTracking(client, options)];

    const before = await nextBatch(db);
    await late.begin(before);
    await late.recordAll(before, [1n]);
    expect(await late.doneOf(before, [1n])).toEqual(new Set());
    await late.begin(before);
    expect(await late.doneOf(before, [1n, 2n])).toEqual(new Set([1n]));
    await db.database.query('SELECT pgq.finish_batch($1)', [String(before.id)]);
    if (isElsewhere) {
      await own.query("SELECT pgq_ext.set_batch_done('c', $1)", [String(before.id)]);
    }

    const batch = await nextBatch(db);
    await next.begin(batch);
    await next.recordAll(batch, [3n]);
    await late.recordAll(before, [2n]);
    await next.begin(batch);
    expect(await next.doneOf(batch, [3n, 4n])).toEqual(new Set([3n]));
    await own.end();
  },
);
