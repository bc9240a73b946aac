import { writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { describe, expect, test } from 'vitest';
import { EventFeed, queueSink } from '../../../src/queue/index.ts';
import { createLog, Metrics } from '../../../src/service/index.ts';
import type { Sink } from '../../../src/sink/index.ts';
import {
  crashSluice,
  noNats,
  startNats,
  startSluice,
  temporaryFolder,
  waitFor,
  within,
  type RunningNats,
} from '../../kit/index.ts';
import { describeService } from '../../service/conformance.ts';
import {
  anyMajor,
  oneOfEach,
  postgres,
  queueDatabase,
  type QueueDatabase,
} from '../consumer/pgq.ts';

const stream = 'EVENTS';

function configFor(db: QueueDatabase, nats: RunningNats): string {
  const file = join(temporaryFolder(), 'sluice.toml');
  writeFileSync(
    file,
    `[databases]
     shop = "${db.url}"
     [sinks.events.nats]
     servers = ["${nats.address}"]
     stream = "${stream}"
     [queue.sinks.to_nats]
     database = "shop"
     queue = "q"
     sink = "events"`,
  );
  return file;
}

/** More than one block. */
async function insertMany({ database }: QueueDatabase, from: number, to: number): Promise<void> {
  await database.query(
    `SELECT pgq.insert_event('q', 't', g::text, g::text, NULL, NULL, NULL)
       FROM generate_series(${from}, ${to}) g`,
  );
}

function feedTo(db: QueueDatabase, sink: Sink): EventFeed {
  const options = { name: 'onward', db: db.url, queue: 'q', consumer: 'onward' };
  return new EventFeed(options, sink, {
    log: createLog({ level: 'error' }),
    metrics: new Metrics(),
  });
}

function numbers(from: number, to: number): string[] {
  return Array.from({ length: to - from + 1 }, (_, i) => String(from + i));
}

describe.skipIf(noNats !== null).each(oneOfEach)(
  "a queue's events into NATS, on the %s schema, PostgreSQL %i",
  { timeout: 240_000 },
  (schema, major) => {
    const server = postgres(major);

    async function prepare() {
      const db = await queueDatabase(server, schema);
      await db.database.query("SELECT pgq.register_consumer('q', 'to_nats')");
      const nats = await startNats();
      await nats.addStream(stream);
      const payloads = async () =>
        (await nats.kept(stream)).map(({ payload }) => payload.toString());
      return { db, nats, payloads, args: ['run', '--config', configFor(db, nats)] };
    }

    test('killed between what the sink has and what the queue knows, each arrives once and in order', async () => {
      const { db, nats, payloads, args } = await prepare();
      await insertMany(db, 1, 2_500);
      await db.tick();
      await crashSluice(args, 'consumer.before-finish');
      expect(await payloads()).toEqual(numbers(1, 2_500));
      expect(await db.database.value('SELECT sub_batch IS NOT NULL FROM pgq.subscription')).toBe(
        true,
      );
      await insertMany(db, 2_501, 2_510);
      await db.tick();
      const running = startSluice(args);
      await waitFor('all events', async () => (await nats.count(stream)) >= 2_510);
      await waitFor('the batch to be finished', () =>
        db.database.value('SELECT sub_batch IS NULL FROM pgq.subscription'),
      );
      expect(await payloads()).toEqual(numbers(1, 2_510));
      const ids = (await nats.kept(stream)).map(({ headers }) => headers.get('Nats-Msg-Id'));
      expect(ids[0]).toMatch(/^q:\d+:\d+$/);
      expect((await running.stop()).exitCode).toBe(0);
    });

    test('a batch is not finished before the sink has it', async () => {
      const { db, nats, payloads, args } = await prepare();
      await db.insert([['t', 'first']]);
      const running = startSluice(args);
      await waitFor('the first', async () => (await nats.count(stream)) === 1);
      await nats.kill();
      await db.insert([['t', 'second']]);
      await running.says(/does not take messages/);
      expect(await db.database.value('SELECT sub_batch IS NOT NULL FROM pgq.subscription')).toBe(
        true,
      );
      await nats.start();
      await waitFor('the second', async () => (await nats.count(stream)) === 2);
      expect(await payloads()).toEqual(['first', 'second']);
      expect((await running.stop()).exitCode).toBe(0);
    });
  },
);

describe('a queue into another', () => {
  const server = postgres(anyMajor);

  describeService('an event feed', async () => {
    const [from, to] = [await queueDatabase(server, 'ours'), await queueDatabase(server, 'ours')];
    return { service: feedTo(from, queueSink({ name: 'changes', db: to.url, queue: 'q' })) };
  });

  test('stops at an event that the sink refuses, and keeps its batch', async () => {
    const [from, to] = [await queueDatabase(server, 'ours'), await queueDatabase(server, 'ours')];
    await from.database.query("SELECT pgq.register_consumer('q', 'onward')");
    const feed = feedTo(from, queueSink({ name: 'changes', db: to.url, queue: 'q' }));
    feed.start();
    await within('ready', feed.ready);
    await from.insert([['t', 'first']]);
    await waitFor('the first', () => feed.status().events === 1);
    await to.database.query("SELECT pgq.drop_queue('q')");
    await from.insert([['t', 'second']]);
    await expect(within('the end', feed.finished)).rejects.toMatchObject({ code: 'SINK_REFUSED' });
    expect(await from.database.value('SELECT sub_batch IS NOT NULL FROM pgq.subscription')).toBe(
      true,
    );
  });
});
