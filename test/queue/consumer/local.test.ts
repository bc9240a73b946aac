import { describe, expect, test } from 'vitest';
import { z } from 'zod';
import { consumer } from '../../../src/queue/consumer/definition.ts';
import { runConsumer } from '../../../src/queue/consumer/run-consumer.ts';
import { postgres, queueDatabase, schemas } from './pgq.ts';

const orderEvents = { placed: z.object({ id: z.int() }), paid: z.object({ by: z.string() }) };

describe.each(schemas)('a local consumer on the %s schema, PostgreSQL %i', (schema, major) => {
  const server = postgres(major);

  test('gets what was committed after its first run, batch by batch, in order', async () => {
    const db = await queueDatabase(server, schema);
    const seen: unknown[] = [];
    const definition = consumer({
      queue: 'q',
      name: 'c',
      schema: orderEvents,
      onBatch(events, _tx, context) {
        for (const event of events) {
          seen.push(event.type === 'placed' ? event.data.id : event.data.by);
        }
        seen.push(`tick ${context.tickId - context.previousTickId}`);
      },
    });
    await db.insert([['placed', '{"id":0}']]);
    expect(await runConsumer(definition, { db: db.url, once: true })).toMatchObject({ events: 0 });
    await db.insert([
      ['placed', '{"id":1}'],
      ['paid', '{"by":"me"}'],
    ]);
    await db.insert([['placed', '{"id":3}']]);
    const totals = await runConsumer(definition, { db: db.url, once: true });
    expect(seen).toEqual([1, 'me', 'tick 1', 3, 'tick 1']);
    expect(totals).toEqual({ batches: 2, events: 3, retried: 0, dead: 0 });
  });

  test('writes in the transaction that finishes the batch', async () => {
    const db = await queueDatabase(server, schema);
    await db.database.query('CREATE TABLE done (id bigint)');
    let fails = true;
    const definition = consumer({
      queue: 'q',
      name: 'c',
      async onBatch(events, tx) {
        for (const { id } of events) await tx.query('INSERT INTO done VALUES ($1)', [String(id)]);
        if (fails) {
          fails = false;
          throw new Error('after writing');
        }
      },
    });
    await runConsumer(definition, { db: db.url, once: true });
    await db.insert([
      ['a', '1'],
      ['a', '2'],
    ]);
    await runConsumer(definition, { db: db.url, once: true });
    expect(fails).toBe(false);
    expect(await db.database.value('SELECT count(*)::int FROM done')).toBe(2);
  });
});
