import { describe, expect, test } from 'vitest';
import { AsideClient } from '../../../src/queue/consumer/aside-client.ts';
import { HandlerClient } from '../../../src/queue/consumer/handler-client.ts';
import { consumer, runConsumer } from '../../../src/queue/index.ts';
import { startProxy, waitFor, within } from '../../kit/index.ts';
import { anyMajor, doneIn, postgres, queueDatabase, type QueueDatabase } from './pgq.ts';

const server = postgres(anyMajor);

async function doneDatabase(): Promise<QueueDatabase> {
  const db = await queueDatabase(server, 'ours');
  await db.database.query('CREATE TABLE done (nr serial, id text)');
  await db.database.query("SELECT pgq.register_consumer('q', 'c')");
  return db;
}

const abc = ['a', 'b', 'c'].map((data) => ['t', data] as const);

describe('a consumer that is told to stop', () => {
  test('finishes what it has begun', async () => {
    const db = await doneDatabase();
    await db.insert(abc);
    await db.insert([['t', 'later']]);
    const stop = new AbortController();
    const definition = consumer({
      queue: 'q',
      name: 'c',
      async onEvent(event, tx) {
        stop.abort();
        await tx.query('INSERT INTO done (id) VALUES ($1)', [event.data]);
      },
    });
    const totals = await runConsumer(definition, { db: db.url, signal: stop.signal });
    expect(totals).toMatchObject({ batches: 1, events: 3 });
    expect(await doneIn(db.database)).toEqual(['a', 'b', 'c']);
  });

  test.each([
    ['idle', {}],
    ['with a job on lease', { concurrency: abc.length, leaseMs: 200 }],
  ])('ends when the server is gone without a word: %s', async (_how, how) => {
    const db = await doneDatabase();
    await db.insert(abc);
    const { hostname, port } = new URL(db.url);
    const proxy = await startProxy({ host: hostname, port: Number(port) });
    const stop = new AbortController();
    const definition = consumer({
      queue: 'q',
      name: 'c',
      ...how,
      async onEvent() {
        if ('leaseMs' in how) await new Promise(() => undefined);
      },
    });
    const options = { db: proxy.url(db.url), signal: stop.signal, stopWithinMs: 50 };
    const run = runConsumer(definition, options);
    const isFinished =
      "SELECT current_batch IS NULL AND pending_events = 0 FROM pgq.get_consumer_info('q', 'c')";
    await waitFor('its batch to be finished', () => db.database.value<boolean>(isFinished));
    proxy.loseServer();
    stop.abort();
    await within('the end', run);
  });

  test.each([
    [
      'handlers',
      (db: string) => {
        const client = new HandlerClient(db, { purpose: 'test', timeoutMs: 1, isPooled: false });
        return { asked: client.connect(), end: () => client.end() };
      },
    ],
    [
      'leases',
      (db: string) => {
        const client = new AsideClient(db, 'test', false);
        return { asked: client.query('SELECT 1'), end: () => client.end() };
      },
    ],
  ])('its client for %s ends while its server has not let it in', async (_whose, open) => {
    const db = await doneDatabase();
    const { hostname, port } = new URL(db.url);
    const proxy = await startProxy({ host: hostname, port: Number(port) });
    proxy.toClient.stall();
    const { asked, end } = open(proxy.url(db.url));
    const failed = expect(asked).rejects.toThrow('its consumer has ended');
    await waitFor('the first words', () => proxy.toServer.bytes > 0);
    await within('the end', end(), 5_000);
    await failed;
  });

  test('gives back what takes too long', async () => {
    const db = await doneDatabase();
    await db.insert(abc);
    const stop = new AbortController();
    const told = Promise.withResolvers<void>();
    let mayEnd = false;
    const definition = consumer({
      queue: 'q',
      name: 'c',
      async onEvent(event, tx, context) {
        await tx.query('INSERT INTO done (id) VALUES ($1)', [event.data]);
        if (mayEnd || event.data !== 'b') return;
        context.signal.addEventListener('abort', () => told.resolve());
        stop.abort();
        await new Promise(() => undefined);
      },
    });
    const options = { db: db.url, signal: stop.signal, stopWithinMs: 50 };
    expect(await runConsumer(definition, options)).toMatchObject({ batches: 0 });
    await told.promise;
    await waitFor(
      'its work to be taken back',
      async () => (await doneIn(db.database)).length === 0,
    );
    mayEnd = true;
    await runConsumer(definition, { db: db.url, once: true });
    expect(await doneIn(db.database)).toEqual(['a', 'b', 'c']);
  });

  test('side by side: what is done stays done, the rest is given back', async () => {
    const db = await doneDatabase();
    await db.insert(Array.from({ length: 20 }, (_, nr) => ['t', String(nr)] as const));
    const stop = new AbortController();
    const seen: string[] = [];
    const definition = consumer({
      queue: 'q',
      name: 'c',
      concurrency: 2,
      async onEvent(event, tx) {
        seen.push(String(event.data));
        if (seen.length === 5) stop.abort();
        // Every other one writes nothing that says that it is done.
        if (event.id % 2n === 0n) await tx.query('SELECT 1');
      },
    });
    await runConsumer(definition, { db: db.url, signal: stop.signal });
    expect(seen.length).toBeLessThan(20);
    await runConsumer(definition, { db: db.url, once: true });
    expect(seen.toSorted((a, b) => Number(a) - Number(b))).toEqual(
      Array.from({ length: 20 }, (_, nr) => String(nr)),
    );
  });

  test('a leased event is given back without having been a try', async () => {
    const db = await doneDatabase();
    await db.insert([['t', 'long']]);
    const stop = new AbortController();
    const definition = consumer({
      queue: 'q',
      name: 'c',
      leaseMs: 1000,
      onEvent: () => new Promise(() => undefined),
    });
    const run = runConsumer(definition, { db: db.url, signal: stop.signal, stopWithinMs: 50 });
    await waitFor('the lease', async () => {
      return (await db.database.rows('SELECT FROM pgq.running_event')).length === 1;
    });
    stop.abort();
    await run;
    expect(
      await db.database.rows(
        'SELECT ev_retry, ev_retry_after <= now() AS due FROM pgq.retry_queue',
      ),
    ).toEqual([{ ev_retry: 0, due: true }]);
  });
});

describe('a consumer', () => {
  test('goes on when its connections are cut', async () => {
    const db = await doneDatabase();
    const stop = new AbortController();
    let cut = false;
    const definition = consumer({
      queue: 'q',
      name: 'c',
      async onBatch(events, tx) {
        for (const { data } of events) await tx.query('INSERT INTO done (id) VALUES ($1)', [data]);
        if (cut) return;
        cut = true;
        await db.database.query(
          `SELECT pg_terminate_backend(pid) FROM pg_stat_activity
            WHERE application_name LIKE 'sluice%' AND datname = current_database()`,
        );
        await tx.query('SELECT 1');
      },
    });
    await db.insert(abc);
    const run = runConsumer(definition, { db: db.url, signal: stop.signal });
    await waitFor('the batch', async () => (await doneIn(db.database)).length > 0);
    stop.abort();
    expect(await run).toMatchObject({ batches: 1, events: 3 });
    expect(await doneIn(db.database)).toEqual(['a', 'b', 'c']);
  });

  test('without a session of its own: of two, each batch is for one', async () => {
    const db = await doneDatabase();
    const stop = new AbortController();
    let both = 0;
    let most = 0;
    const definition = consumer({
      queue: 'q',
      name: 'c',
      async onBatch(events, tx) {
        most = Math.max(most, ++both);
        for (const { data } of events) await tx.query('INSERT INTO done (id) VALUES ($1)', [data]);
        both -= 1;
      },
    });
    const options = { db: db.url, signal: stop.signal, listen: false, pollMs: 5 };
    const runs = [runConsumer(definition, options), runConsumer(definition, options)];
    for (let batch = 0; batch < 10; batch++) await db.insert([['t', String(batch)]]);
    await waitFor('ten batches', async () => (await doneIn(db.database)).length === 10);
    stop.abort();
    await Promise.all(runs);
    expect(most).toBe(1);
    expect(await doneIn(db.database)).toEqual(Array.from({ length: 10 }, (_, nr) => String(nr)));
  });

  test('is told of a tick, and need not ask', async () => {
    const db = await doneDatabase();
    const stop = new AbortController();
    const seen: unknown[] = [];
    const definition = consumer({
      queue: 'q',
      name: 'c',
      onEvent: ({ data }) => void seen.push(data),
    });
    const run = runConsumer(definition, { db: db.url, signal: stop.signal, pollMs: 3_600_000 });
    await waitFor('it to listen', () =>
      db.database.value<boolean>(
        `SELECT EXISTS (SELECT FROM pg_stat_activity WHERE query LIKE '%next_batch_joined%' AND state = 'idle'
            AND datname = current_database())`,
      ),
    );
    await db.insert([['t', 'a']]);
    await db.database.query("SELECT pg_notify('pgq_tick', 'q')");
    await waitFor('the event', () => seen.length === 1);
    stop.abort();
    await run;
  });

  test('serves the first of its queues that has work, and starves none', async () => {
    const db = await queueDatabase(server, 'ours', ['high', 'low']);
    const seen: string[] = [];
    const definition = consumer({
      queue: ['high', 'low'],
      name: 'c',
      onBatch: (_events, _tx, { queue }) => void seen.push(queue),
    });
    await runConsumer(definition, { db: db.url, once: true });
    for (let nr = 0; nr < 12; nr++) await db.insert([['t', 'x']], 'high');
    for (let nr = 0; nr < 2; nr++) await db.insert([['t', 'x']], 'low');
    await runConsumer(definition, { db: db.url, once: true });
    expect(seen.join(' ')).toBe(`${'high '.repeat(8)}low ${'high '.repeat(4)}low`);
  });

  test('takes no more than its rate', async () => {
    const db = await doneDatabase();
    const times: number[] = [];
    const definition = consumer({
      queue: 'q',
      name: 'c',
      rateLimit: { events: 2, perMs: 200 },
      onEvent: () => void times.push(performance.now()),
    });
    await db.insert(Array.from({ length: 6 }, () => ['t', 'x'] as const));
    await runConsumer(definition, { db: db.url, once: true });
    expect(times).toHaveLength(6);
    // Two at once, then one every 100 ms; a slow machine only makes it longer.
    expect(times.at(-1)! - times[0]!).toBeGreaterThan(350);
  });

  test('ends a handler whose time is up, and the rest goes on', async () => {
    const db = await doneDatabase();
    const definition = consumer({
      queue: 'q',
      name: 'c',
      timeoutMs: 200,
      async onEvent({ data }, tx, { signal }) {
        if (data === 'sleeps') await tx.query('SELECT pg_sleep(100)');
        if (data === 'listens') {
          await new Promise((_resolve, reject) => {
            signal.addEventListener('abort', () => reject(new Error('told')));
          });
        }
        if (data === 'hangs') await new Promise(() => undefined);
        await tx.query('INSERT INTO done (id) VALUES ($1)', [data]);
      },
    });
    await db.insert(
      ['a', 'sleeps', 'b', 'listens', 'c', 'hangs', 'd'].map((d) => ['t', d] as const),
    );
    const totals = await runConsumer(definition, { db: db.url, once: true });
    expect(totals).toMatchObject({ batches: 1, retried: 3 });
    expect(await doneIn(db.database)).toEqual(['a', 'b', 'c', 'd']);
  });

  test.each([
    [{ queue: 'nowhere' }, 'QUEUE_NOT_FOUND'],
    [{ kind: 'serial' }, 'QUEUE_CONSUMER_OPTIONS'],
  ] as const)('says what is wrong before it begins: %o', async (options, code) => {
    const db = await doneDatabase();
    const definition = consumer({ queue: 'q', name: 'c', onBatch: () => undefined, ...options });
    await expect(runConsumer(definition, { db: db.url, once: true })).rejects.toMatchObject({
      code,
    });
  });
});
