import { describe, expect, test } from 'vitest';
import { consumer, runConsumer, type ConsumerKind } from '../../../src/queue/index.ts';
import { waitFor, type TestDatabase } from '../../kit/index.ts';
import {
  anyMajor,
  doneIn,
  oneOfEach,
  postgres,
  queueDatabase,
  targetDatabase,
  type QueueDatabase,
  type Schema,
} from './pgq.ts';

const batches = 30;
const eventsPerBatch = 10;

const cases: readonly (readonly [ConsumerKind, number, Schema, typeof anyMajor])[] = [
  ...oneOfEach.map(([schema, major]) => ['local', 1, schema, major] as const),
  ...oneOfEach.map(([schema, major]) => ['serial', 1, schema, major] as const),
  ['local', 3, 'ours', anyMajor],
  ['remote', 3, 'ours', anyMajor],
];

/** Ends one of the connections of the consumers, whichever. */
async function cutOne({ database }: QueueDatabase, target: TestDatabase): Promise<void> {
  await database.query(
    `SELECT pg_terminate_backend(pid) FROM pg_stat_activity
      WHERE application_name LIKE 'sluice consumer%' AND datname IN (current_database(), $1)
      ORDER BY random() LIMIT 1`,
    [target.name],
  );
}

describe.each(cases)(
  'a %s consumer, %i at a time, %s schema, PostgreSQL %i',
  (kind, concurrency, schema, major) => {
    const server = postgres(major);

    test('handles each event exactly once, in order, whatever connection is cut', async () => {
      const db = await queueDatabase(server, schema);
      const target = await targetDatabase(server);
      await db.database.query('CREATE TABLE done (nr serial, id text)');
      await db.database.query("SELECT pgq.register_consumer('q', 'c')");
      const isElsewhere = kind !== 'local';
      const stop = new AbortController();
      const definition = consumer({
        queue: 'q',
        name: 'c',
        kind,
        concurrency,
        orderedBy: () => 'one key',
        retry: { attempts: 1000, backoff: { firstMs: 1, longestMs: 10 } },
        async onEvent(event, tx) {
          await tx.query('INSERT INTO done (id) VALUES ($1)', [event.data]);
        },
      });
      const options = {
        db: db.url,
        ...(isElsewhere && { target: target.url }),
        signal: stop.signal,
        pollMs: 10,
      };
      // The second takes over when the first has lost its lock.
      const runs = Promise.all([
        runConsumer(definition, options),
        runConsumer(definition, options),
      ]);
      const ids: string[] = [];
      for (let batch = 0; batch < batches; batch++) {
        const events = Array.from({ length: eventsPerBatch }, (_, nr) =>
          String(batch * eventsPerBatch + nr),
        );
        ids.push(...events);
        await db.insert(events.map((id) => ['t', id] as const));
        await db.database.query('SELECT pgq.maint_retry_events()');
        if (batch % 2 === 1) await cutOne(db, target);
      }
      const done = isElsewhere ? target : db.database;
      const all = waitFor(
        'all events',
        async () => {
          await db.database.query('SELECT pgq.maint_retry_events()');
          await db.tick();
          return (await doneIn(done)).length >= ids.length;
        },
        { timeoutMs: 50_000 },
      );
      await Promise.race([all, runs]);
      stop.abort();
      await runs;
      expect(await doneIn(done)).toEqual(ids);
    });
  },
);
