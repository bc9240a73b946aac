import { describe, expect, test } from 'vitest';
import { z } from 'zod';
import { consumer, insertEvent, producer, runConsumer } from '../../../src/queue/index.ts';
import { postgres, queueDatabase, schemas } from './pgq.ts';

const orderEvents = {
  placed: z.object({ id: z.int(), at: z.iso.datetime().transform((text) => new Date(text)) }),
  paid: z.object({ by: z.string() }),
};

describe.each(schemas)('a producer on the %s schema, PostgreSQL %i', (schema, major) => {
  const server = postgres(major);

  test('inserts what its consumers are typed for, if its transaction commits', async () => {
    const db = await queueDatabase(server, schema);
    await db.database.query("SELECT pgq.register_consumer('q', 'c')");
    const orders = producer({ queue: 'q', schema: orderEvents });
    const { database } = db;
    await database.query('BEGIN');
    await orders.insert(database, { type: 'paid', data: { by: 'nobody' } });
    await database.query('ROLLBACK');
    const id = await orders.insert(database, {
      type: 'placed',
      data: { id: 7, at: '2024-01-02T03:04:05Z' },
      extra1: 'shop',
    });
    const ids = await orders.insertMany(database, [
      { type: 'paid', data: { by: 'é "quoted" \\ {x}' } },
      { type: 'paid', data: { by: 'NULL' }, extra4: null },
    ]);
    await db.tick();
    const seen: unknown[] = [];
    const definition = consumer({
      queue: 'q',
      name: 'c',
      schema: orderEvents,
      onEvent(event) {
        const what = event.type === 'placed' ? event.data.at.getTime() : event.data.by;
        seen.push([event.id, what, event.extra1]);
      },
    });
    await runConsumer(definition, { db: db.url, once: true });
    expect(seen).toEqual([
      [id, Date.UTC(2024, 0, 2, 3, 4, 5), 'shop'],
      [ids[0], 'é "quoted" \\ {x}', null],
      [ids[1], 'NULL', null],
    ]);
  });

  test('refuses what its consumers would refuse', async () => {
    const db = await queueDatabase(server, schema);
    const orders = producer({ queue: 'q', schema: orderEvents });
    await expect(
      orders.insert(db.database, { type: 'placed', data: { id: 1.5, at: 'now' } }),
    ).rejects.toThrow(/QUEUE_EVENT_INVALID: .* placed .*id: .*; at: /);
  });

  test('inserts events for later, and once only, where the schema can', async () => {
    const db = await queueDatabase(server, schema);
    const at = new Date(Date.now() + 3_600_000);
    const late = insertEvent(db.database, 'q', 't', { n: 1 }, { at });
    if (schema === 'original') {
      await expect(late).rejects.toThrow('QUEUE_INSERT_FEATURE');
      return;
    }
    expect(await late).toBeTypeOf('bigint');
    expect(await db.database.value('SELECT ev_due FROM pgq.delayed_event')).toEqual(at);
    const unique = { key: 'k', withinMs: 60_000 };
    expect(await insertEvent(db.database, 'q', 't', 'x', { unique })).toBeTypeOf('bigint');
    expect(await insertEvent(db.database, 'q', 't', 'y', { unique })).toBeNull();
  });
});
