import { describe, expect, test } from 'vitest';
import { z } from 'zod';
import { consumer } from '../../../src/queue/consumer/definition.ts';
import { runConsumer } from '../../../src/queue/consumer/run-consumer.ts';
import { armFailpoint } from '../../../src/service/index.ts';
import { SluiceError } from '../../../src/errors/index.ts';
import { postgres, queueDatabase, schemas, type QueueDatabase } from './pgq.ts';

const done = (db: QueueDatabase) =>
  db.database
    .rows<{ id: string }>('SELECT id FROM done ORDER BY nr')
    .then((rows) => rows.map(({ id }) => id));

const quick = { firstMs: 1, longestMs: 1, jitter: 0 };

describe.each(schemas)(
  'what a handler throws, on the %s schema, PostgreSQL %i',
  (schema, major) => {
    const server = postgres(major);

    async function doneTable(): Promise<QueueDatabase> {
      const db = await queueDatabase(server, schema);
      await db.database.query('CREATE TABLE done (nr serial, id text)');
      await db.database.query("SELECT pgq.register_consumer('q', 'c')");
      return db;
    }

    test('an event that fails is taken back alone, and comes again', async () => {
      const db = await doneTable();
      let tries = 0;
      const definition = consumer({
        queue: 'q',
        name: 'c',
        retry: { backoff: quick },
        async onEvent(event, tx) {
          await tx.query('INSERT INTO done (id) VALUES ($1)', [event.data]);
          if (event.data !== 'bad') return;
          tries += 1;
          if (event.retry === 0) await tx.query('SELECT 1/0');
        },
      });
      await db.insert([
        ['t', 'a'],
        ['t', 'bad'],
        ['t', 'b'],
      ]);
      const first = await runConsumer(definition, { db: db.url, once: true });
      expect(first).toEqual({ batches: 1, events: 3, retried: 1, dead: 0 });
      expect(await done(db)).toEqual(['a', 'b']);
      await db.bringBack();
      await runConsumer(definition, { db: db.url, once: true });
      expect(await done(db)).toEqual(['a', 'b', 'bad']);
      expect(tries).toBe(2);
    });

    test('a batch is repeated, then handled in pieces around its poison, in order', async () => {
      const db = await doneTable();
      const calls: string[] = [];
      const definition = consumer({
        queue: 'q',
        name: 'c',
        async onBatch(events, tx) {
          calls.push(events.map(({ data }) => data).join(''));
          for (const { data } of events) {
            await tx.query('INSERT INTO done (id) VALUES ($1)', [data]);
            if (data === 'x') throw new Error('poison');
          }
        },
      });
      await db.insert(Array.from('abcxde', (data) => ['t', data] as const));
      const totals = await runConsumer(definition, { db: db.url, once: true });
      expect(calls).toEqual(['abcxde', 'abcxde', 'abcxde', 'abc', 'xde', 'xd', 'x', 'd', 'e']);
      expect(totals).toEqual({ batches: 1, events: 6, retried: 1, dead: 0 });
      expect((await done(db)).join('')).toBe('abcde');
      expect(await db.database.value('SELECT ev_data FROM pgq.retry_queue')).toBe('x');
    });

    test('a handler that swallows a failed statement has failed', async () => {
      const db = await doneTable();
      const definition = consumer({
        queue: 'q',
        name: 'c',
        async onEvent(_event, tx) {
          await tx.query('INSERT INTO nowhere VALUES (1)').catch(() => undefined);
        },
      });
      await db.insert([['t', 'a']]);
      const totals = await runConsumer(definition, { db: db.url, once: true });
      expect(totals).toMatchObject({ batches: 1, retried: 1 });
    });

    test('a handler that commits by itself stops the consumer', async () => {
      const db = await doneTable();
      const definition = consumer({
        queue: 'q',
        name: 'c',
        async onBatch(_events, tx) {
          await tx.query('COMMIT');
        },
      });
      await db.insert([['t', 'a']]);
      await expect(runConsumer(definition, { db: db.url, once: true })).rejects.toMatchObject({
        code: 'QUEUE_HANDLER_TRANSACTION',
      });
    });

    test('a payload that the schema refuses never reaches the handler, and is not lost', async () => {
      const db = await doneTable();
      const seen: number[] = [];
      const definition = consumer({
        queue: 'q',
        name: 'c',
        schema: { n: z.object({ n: z.int() }) },
        onBatch: (events) => void seen.push(...events.map(({ data }) => data.n)),
      });
      await db.insert([
        ['n', '{"n":1}'],
        ['n', '{"n":"one"}'],
        ['n', 'no json'],
        ['other', '{}'],
        ['n', '{"n":2}'],
      ]);
      const totals = await runConsumer(definition, { db: db.url, once: true });
      expect(seen).toEqual([1, 2]);
      if (schema === 'original') {
        expect(totals).toMatchObject({ retried: 3, dead: 0 });
        expect(await db.database.value('SELECT count(*)::int FROM pgq.retry_queue')).toBe(3);
        return;
      }
      expect(totals).toMatchObject({ retried: 0, dead: 3 });
      expect(
        await db.database.rows(
          'SELECT ev_data, dead_tries, dead_reason FROM pgq.dead_event ORDER BY ev_id',
        ),
      ).toEqual([
        { ev_data: '{"n":"one"}', dead_tries: 1, dead_reason: expect.stringMatching(/^n: /) },
        { ev_data: 'no json', dead_tries: 1, dead_reason: 'the data is not JSON' },
        { ev_data: '{}', dead_tries: 1, dead_reason: 'no schema for the event type "other"' },
      ]);
    });

    test('what is set aside is so if and only if its batch is finished', async () => {
      const db = await doneTable();
      const definition = consumer({
        queue: 'q',
        name: 'c',
        onEvent() {
          throw new Error('bad');
        },
      });
      await db.insert([['t', 'a']]);
      const failure = armFailpoint('consumer.before-commit', 'throw');
      await expect(runConsumer(definition, { db: db.url, once: true })).rejects.toThrow(
        'failpoint',
      );
      failure.release();
      expect(await db.database.rows('SELECT FROM pgq.retry_queue')).toEqual([]);
      const totals = await runConsumer(definition, { db: db.url, once: true });
      expect(totals).toMatchObject({ batches: 1, retried: 1 });
    });

    test('types that are passed over are done', async () => {
      const db = await doneTable();
      const seen: unknown[] = [];
      const definition = consumer({
        queue: 'q',
        name: 'c',
        schema: { n: z.object({ n: z.int() }) },
        otherTypes: 'skip',
        onEvent: (event) => void seen.push(event.data),
      });
      await db.insert([
        ['other', '{}'],
        ['n', '{"n":1}'],
      ]);
      const totals = await runConsumer(definition, { db: db.url, once: true });
      expect(seen).toEqual([{ n: 1 }]);
      expect(totals).toMatchObject({ batches: 1, retried: 0, dead: 0 });
    });

    test('a handler asks for another try of some events, and gives up others', async () => {
      const db = await doneTable();
      const definition = consumer({
        queue: 'q',
        name: 'c',
        async onBatch(events, tx, context) {
          for (const event of events) {
            if (event.data === 'later') context.retry(event, { afterMs: 60_000 });
            else if (event.data === 'never') context.bury(event, 'not wanted');
            else await tx.query('INSERT INTO done (id) VALUES ($1)', [event.data]);
          }
        },
      });
      await db.insert([
        ['t', 'a'],
        ['t', 'later'],
        ['t', 'never'],
      ]);
      const totals = await runConsumer(definition, { db: db.url, once: true });
      expect(totals.retried + totals.dead).toBe(2);
      expect(await done(db)).toEqual(['a']);
      const due = await db.database.rows(
        "SELECT ev_data FROM pgq.retry_queue WHERE ev_retry_after > now() + interval '30 s'",
      );
      expect(due).toEqual([{ ev_data: 'later' }]);
    });

    test('a batch is held until its handler takes it, where nothing may overtake', async () => {
      const db = await doneTable();
      let attempts = 0;
      const definition = consumer({
        queue: 'q',
        name: 'c',
        onFailure: 'hold',
        async onEvent(event, tx, context) {
          attempts = context.attempt;
          if (event.data === 'bad' && attempts < 4) throw new Error('not yet');
          await tx.query('INSERT INTO done (id) VALUES ($1)', [event.data]);
        },
      });
      await db.insert([
        ['t', 'a'],
        ['t', 'bad'],
        ['t', 'b'],
      ]);
      await runConsumer(definition, { db: db.url, once: true });
      expect(attempts).toBe(4);
      expect(await done(db)).toEqual(['a', 'bad', 'b']);
    });

    test('events of a key wait for the one before them that comes again', async () => {
      const db = await doneTable();
      const definition = consumer({
        queue: 'q',
        name: 'c',
        retry: { backoff: quick },
        orderedBy: (event) => event.type,
        async onEvent(event, tx) {
          if (event.data === 'k1' && event.retry === 0) throw new Error('once');
          await tx.query('INSERT INTO done (id) VALUES ($1)', [event.data]);
        },
      });
      await db.insert([
        ['k', 'k1'],
        ['l', 'l1'],
        ['k', 'k2'],
      ]);
      await db.insert([
        ['k', 'k3'],
        ['l', 'l2'],
      ]);
      await runConsumer(definition, { db: db.url, once: true });
      expect(await done(db)).toEqual(['l1', 'l2']);
      await db.insert([['k', 'k4']]);
      // Another process: what waits for what is in the database.
      if (schema === 'ours') {
        await runConsumer(definition, { db: db.url, once: true });
        expect(await done(db)).toEqual(['l1', 'l2']);
        await db.bringBack();
        await runConsumer(definition, { db: db.url, once: true });
        expect(await done(db)).toEqual(['l1', 'l2', 'k1', 'k2', 'k3', 'k4']);
        await db.insert([['k', 'k5']]);
        await runConsumer(definition, { db: db.url, once: true });
        expect((await done(db)).at(-1)).toBe('k5');
      }
    });
  },
);

describe('dead letters', () => {
  const server = postgres();

  test('an event is dead after its last try, with the reason, and can be redriven', async () => {
    const db = await queueDatabase(server, 'ours');
    await db.database.query("SELECT pgq.register_consumer('q', 'c')");
    let isRepaired = false;
    const definition = consumer({
      queue: 'q',
      name: 'c',
      retry: { attempts: 3, backoff: quick },
      onEvent() {
        if (!isRepaired) throw new SluiceError('QUEUE_NOT_FOUND', { queue: 'x', database: 'y' });
      },
    });
    await db.insert([['t', 'a']]);
    for (let run = 1; run <= 3; run++) {
      await runConsumer(definition, { db: db.url, once: true });
      await db.bringBack();
    }
    const [dead] = await db.database.rows('SELECT * FROM pgq.dead_event');
    expect(dead).toMatchObject({ ev_data: 'a', dead_tries: 3 });
    expect(dead?.['dead_reason']).toMatch(/^QUEUE_NOT_FOUND: /);
    isRepaired = true;
    expect(await db.database.value("SELECT pgq.redrive_events('q', 'c')")).toBe(1);
    await db.bringBack();
    const totals = await runConsumer(definition, { db: db.url, once: true });
    expect(totals).toMatchObject({ events: 1, retried: 0, dead: 0 });
    expect(await db.database.rows('SELECT FROM pgq.dead_event')).toEqual([]);
  });
});
