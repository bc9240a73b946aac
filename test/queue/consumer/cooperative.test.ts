import { describe, expect, test } from 'vitest';
import { consumer, runConsumer } from '../../../src/queue/index.ts';
import { waitFor } from '../../kit/index.ts';
import { doneIn, majors, postgres, queueDatabase } from './pgq.ts';

describe.each(majors)('cooperative consumers, PostgreSQL %i', (major) => {
  const server = postgres(major);

  test('share the batches of one consumer, and take over those of the dead', async () => {
    const db = await queueDatabase(server, 'ours');
    await db.database.query('CREATE TABLE done (nr serial, id text)');
    await db.database.query("SELECT pgq.register_consumer('q', 'c')");
    // One that died with a batch open.
    await db.database.query("SELECT pgq_coop.register_subconsumer('q', 'c', 'dead')");
    await db.insert([['t', 'first']]);
    await db.database.query("SELECT pgq_coop.next_batch('q', 'c', 'dead')");
    const stop = new AbortController();
    const both = Promise.withResolvers<void>();
    const busy = new Set<string>();
    const worker = (subconsumer: string) =>
      consumer({
        queue: 'q',
        name: 'c',
        kind: 'cooperative',
        subconsumer,
        deadAfterMs: 100,
        async onBatch(events, tx) {
          busy.add(subconsumer);
          if (busy.size === 2) both.resolve();
          await both.promise;
          for (const { data } of events) {
            if (data === 'bad') throw new Error('bad');
            await tx.query('INSERT INTO done (id) VALUES ($1)', [data]);
          }
        },
      });
    const options = { db: db.url, signal: stop.signal, pollMs: 20 };
    const runs = [runConsumer(worker('one'), options), runConsumer(worker('two'), options)];
    await db.insert([['t', 'second']]);
    await db.insert([
      ['t', 'third'],
      ['t', 'bad'],
    ]);
    await waitFor('all batches', async () => (await doneIn(db.database)).length === 3);
    await waitFor('the poison to be set aside', () =>
      db.database.value<boolean>('SELECT count(*) = 1 FROM pgq.retry_queue'),
    );
    stop.abort();
    await Promise.all(runs);
    expect((await doneIn(db.database)).toSorted()).toEqual(['first', 'second', 'third']);
    // It comes again for whichever of them is there.
    expect(
      await db.database.value(
        'SELECT ev_owner = (SELECT sub_id FROM pgq.subscriber LIMIT 1) FROM pgq.retry_queue',
      ),
    ).toBe(true);
  });

  test('leave no name behind that nobody gave them', async () => {
    const db = await queueDatabase(server, 'ours');
    const definition = consumer({
      queue: 'q',
      name: 'c',
      kind: 'cooperative',
      onBatch: () => undefined,
    });
    await runConsumer(definition, { db: db.url, once: true });
    expect(await db.database.rows('SELECT co_name FROM pgq.consumer')).toEqual([{ co_name: 'c' }]);
  });
});
