import { describe, expect, test } from 'vitest';
import { z } from 'zod';
import { consumer } from '../../../src/queue/consumer/definition.ts';
import { runConsumer } from '../../../src/queue/consumer/run-consumer.ts';
import { anyMajor, postgres, queueDatabase, schemas, type QueueDatabase } from './pgq.ts';

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

  test('looks again when the batch it was given is finished by a process that was thought dead', async () => {
    const db = await queueDatabase(server, schema);
    const definition = consumer({ queue: 'q', name: 'c', onBatch: () => undefined });
    const run = () => runConsumer(definition, { db: db.url, once: true });
    await run();
    await db.insert([['t', 'x']]);
    await db.database.query(`ALTER FUNCTION pgq.batch_event_sql(bigint) RENAME TO batch_sql`);
    await db.database.query(
      `CREATE SEQUENCE calls;
       CREATE FUNCTION pgq.batch_event_sql(bigint) RETURNS text LANGUAGE plpgsql AS $$ BEGIN
         IF nextval('public.calls') = 1 THEN RAISE 'batch not found'; END IF;
         RETURN pgq.batch_sql($1);
       END $$`,
    );
    expect(await run()).toMatchObject({ events: 1 });
  });

  test('begins anew when somebody else finishes a batch of which it sets an event aside', async () => {
    const db = await queueDatabase(server, schema);
    const definition = consumer({
      queue: 'q',
      name: 'c',
      async onEvent(_event, _tx, { batchId }) {
        await db.database.query('SELECT pgq.finish_batch($1)', [String(batchId)]);
        throw new Error('no');
      },
    });
    const run = () => runConsumer(definition, { db: db.url, once: true });
    await run();
    await db.insert([['t', 'x']]);
    expect(await run()).toEqual({ batches: 0, events: 0, retried: 0, dead: 0 });
    expect(await db.database.value('SELECT count(*)::int FROM pgq.retry_queue')).toBe(0);
  });

  test('once, takes what is committed where nobody ticks; the original keeps its own rules', async () => {
    const db = await queueDatabase(server, schema);
    const definition = consumer({ queue: 'q', name: 'c', onBatch: () => undefined });
    const run = () => runConsumer(definition, { db: db.url, once: true });
    await run();
    await db.database.query("SELECT pgq.insert_event('q', 't', 'x')");
    expect(await run()).toMatchObject({ events: schema === 'ours' ? 1 : 0 });
    expect(await run()).toMatchObject({ batches: 0 });
  });

  test('gets a large batch in several calls of one transaction', async () => {
    const db = await queueDatabase(server, schema);
    await db.database.query('CREATE TABLE done (id bigint)');
    await db.database.query("SELECT pgq.register_consumer('q', 'c')");
    await db.database.query(
      "SELECT count(pgq.insert_event('q', 't', repeat('x', 100))) FROM generate_series(1, 20000)",
    );
    await db.tick();
    const calls: number[] = [];
    const definition = consumer({
      queue: 'q',
      name: 'c',
      maxEvents: 3000,
      async onBatch(events, tx, { attempt }) {
        calls.push(events.length);
        await tx.query('INSERT INTO done VALUES ($1)', [events.length]);
        // The rest of the batch is still on its way then.
        if (attempt === 1) throw new Error('once');
      },
    });
    const totals = await runConsumer(definition, { db: db.url, once: true });
    expect(totals).toEqual({ batches: 1, events: 20_000, retried: 0, dead: 0 });
    expect(calls).toEqual([3000, 3000, 3000, 3000, 3000, 3000, 3000, 2000]);
    expect(await db.database.value('SELECT sum(id)::int FROM done')).toBe(20_000);
  });

  test('waits for enough events when it is told to collect them', async () => {
    const db = await queueDatabase(server, schema);
    await db.database.query("SELECT pgq.register_consumer('q', 'c')");
    const sizes: number[] = [];
    const definition = consumer({
      queue: 'q',
      name: 'c',
      collect: { events: 3, ms: 3_600_000 },
      onBatch: (events) => void sizes.push(events.length),
    });
    const pair = [
      ['t', '1'],
      ['t', '2'],
    ] as const;
    const runs = () => runConsumer(definition, { db: db.url, once: true });
    await insertCounted(db, pair);
    await runs();
    expect(sizes).toEqual([]);
    await insertCounted(db, pair);
    await runs();
    expect(sizes).toEqual([4]);
  });
});

/** Ticked without the gap in the numbers that force_tick makes, by which events are counted. */
async function insertCounted(
  db: QueueDatabase,
  events: readonly (readonly [string, string])[],
): Promise<void> {
  await db.database.query("SELECT pgq.set_queue_config('q', 'ticker_max_count', '1')");
  for (const [type, data] of events) {
    await db.database.query("SELECT pgq.insert_event('q', $1, $2)", [type, data]);
  }
  await db.database.query("SELECT pgq.ticker('q')");
}

describe('a run that ends when nothing is left', () => {
  const server = postgres(anyMajor);
  const odd = String.raw`it's "{odd}", \ $1 %I queue.ü`;

  test.each([['q'], [odd], ['ü'.repeat(200)]])(
    'gets what nobody has ticked, whatever its queue is called: %s',
    async (queue) => {
      const db = await queueDatabase(server, 'ours', [queue]);
      const seen: (string | null)[] = [];
      const definition = consumer({
        queue,
        name: odd,
        onEvent: ({ data }) => void seen.push(data),
      });
      await db.database.query('SELECT pgq.register_consumer($1, $2)', [queue, odd]);
      await db.database.query(`SELECT pgq.insert_event($1, 't', 'in no tick yet')`, [queue]);
      await runConsumer(definition, { db: db.url, once: true });
      expect(seen).toEqual(['in no tick yet']);
    },
  );
});
