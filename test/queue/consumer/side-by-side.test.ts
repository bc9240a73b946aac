import { fileURLToPath } from 'node:url';
import { describe, expect, test } from 'vitest';
import { consumer, runConsumer } from '../../../src/queue/index.ts';
import { crashSluice, runSluice, startSluice, waitFor } from '../../kit/index.ts';
import { anyMajor, doneIn, majors, postgres, queueDatabase, type QueueDatabase } from './pgq.ts';

const mailer = fileURLToPath(new URL('mailer.ts', import.meta.url));

const args = (db: QueueDatabase) => ['queue', 'run', mailer, '--db', db.url];

async function doneDatabase(server: ReturnType<typeof postgres>): Promise<QueueDatabase> {
  const db = await queueDatabase(server, 'ours');
  await db.database.query('CREATE TABLE done (nr serial, id text)');
  await db.database.query("SELECT pgq.register_consumer('q', 'mailer')");
  return db;
}

describe.each(majors)('events side by side, PostgreSQL %i', (major) => {
  const server = postgres(major);

  test('as many as are allowed, each in a transaction of its own', async () => {
    const db = await doneDatabase(server);
    let running = 0;
    let most = 0;
    const all = Promise.withResolvers<void>();
    const definition = consumer({
      queue: 'q',
      name: 'mailer',
      concurrency: 3,
      async onEvent(event, tx) {
        most = Math.max(most, ++running);
        if (most === 3) all.resolve();
        await all.promise;
        await tx.query('INSERT INTO done (id) VALUES ($1)', [event.data]);
        running -= 1;
        if (event.data === 'bad') throw new Error('bad');
      },
    });
    await db.insert(['a', 'b', 'bad', 'c', 'd', 'e'].map((data) => ['t', data] as const));
    const totals = await runConsumer(definition, { db: db.url, once: true });
    expect(most).toBe(3);
    expect((await doneIn(db.database)).toSorted()).toEqual(['a', 'b', 'c', 'd', 'e']);
    expect(totals).toEqual({ batches: 1, events: 6, retried: 1, dead: 0 });
  });

  test('those of one key in order', async () => {
    const db = await doneDatabase(server);
    const first = Promise.withResolvers<void>();
    const seen: string[] = [];
    const definition = consumer({
      queue: 'q',
      name: 'mailer',
      concurrency: 4,
      orderedBy: (event) => event.type,
      async onEvent({ data }) {
        if (data === 'k1') await first.promise;
        seen.push(String(data));
        if (data === 'l3') first.resolve();
      },
    });
    await db.insert([
      ['k', 'k1'],
      ['l', 'l1'],
      ['k', 'k2'],
      ['l', 'l2'],
      ['k', 'k3'],
      ['l', 'l3'],
    ]);
    await runConsumer(definition, { db: db.url, once: true });
    expect(seen).toEqual(['l1', 'l2', 'l3', 'k1', 'k2', 'k3']);
  });

  test('those that wait for another of their key take no place', async () => {
    const db = await doneDatabase(server);
    const definition = consumer({
      queue: 'q',
      name: 'mailer',
      concurrency: 2,
      retry: { backoff: { firstMs: 1, longestMs: 1 } },
      orderedBy: (event) => event.type,
      async onEvent(event, tx) {
        if (event.data === '1' && event.retry === 0) throw new Error('once');
        await tx.query('INSERT INTO done (id) VALUES ($1)', [event.data]);
      },
    });
    await db.insert(['1', '2'].map((data) => ['k', data] as const));
    await db.insert(['3', '4', '5', '6'].map((data) => ['k', data] as const));
    await db.insert([['l', '7']]);
    await runConsumer(definition, { db: db.url, once: true });
    expect(await doneIn(db.database)).toEqual(['7']);
    await db.bringBack();
    await runConsumer(definition, { db: db.url, once: true });
    expect(await doneIn(db.database)).toEqual(['7', '1', '2', '3', '4', '5', '6']);
  });

  test('a long one leaves its batch, and the queue goes on', async () => {
    const db = await doneDatabase(server);
    const long = Promise.withResolvers<void>();
    const definition = consumer({
      queue: 'q',
      name: 'mailer',
      concurrency: 2,
      leaseMs: 300,
      async onEvent(event, tx, context) {
        await tx.query('INSERT INTO done (id) VALUES ($1)', [event.data]);
        if (event.data !== 'long') return;
        context.progress(3, 10, 'on the way');
        await long.promise;
      },
    });
    await db.insert([
      ['t', 'long'],
      ['t', 'a'],
    ]);
    await db.insert([['t', 'b']]);
    const run = runConsumer(definition, { db: db.url, once: true });
    await waitFor('the batch after it', async () => (await doneIn(db.database)).includes('b'));
    const running = 'SELECT ev_type, run_done, run_total, run_note FROM pgq.running_event';
    await waitFor('its progress', async () => (await db.database.rows(running)).length === 1);
    expect(await db.database.rows(running)).toEqual([
      { ev_type: 't', run_done: 3, run_total: 10, run_note: 'on the way' },
    ]);
    // The lease is extended: nobody else gets the event.
    const due = 'SELECT ev_retry_after AS at FROM pgq.retry_queue';
    const firstDue = await db.database.value<Date>(due);
    await waitFor('an extension', async () => (await db.database.value<Date>(due)) > firstDue);
    long.resolve();
    expect(await run).toMatchObject({ batches: 2, events: 3 });
    expect((await doneIn(db.database)).toSorted()).toEqual(['a', 'b', 'long']);
    expect(await db.database.rows('SELECT FROM pgq.retry_queue')).toEqual([]);
    expect(await db.database.rows('SELECT FROM pgq.running_event')).toEqual([]);
  });
});

describe('killed with events side by side', () => {
  const server = postgres(anyMajor);
  const env = { CONCURRENCY: '3' };
  const events = Array.from({ length: 9 }, (_, nr) => ['t', String(nr)] as const);
  const all = events.map(([, data]) => data);

  test.each([
    'consumer.before-event-record',
    'consumer.before-event-commit',
    'consumer.after-event-commit',
    'consumer.before-commit',
  ])('at %s, each is handled exactly once', async (failpoint) => {
    const db = await doneDatabase(server);
    await db.insert([...events, ['t', 'bad']]);
    const failpoints = failpoint.includes('event') ? { [failpoint]: 'kill@5' } : {};
    await crashSluice([...args(db), '--once'], failpoint, { env, failpoints });
    expect((await runSluice([...args(db), '--once'], { env })).exitCode).toBe(0);
    expect((await doneIn(db.database)).toSorted()).toEqual(all);
    expect(await db.database.value('SELECT count(*)::int FROM pgq.retry_queue')).toBe(1);
  });

  test('what a process that died said of its progress goes when another takes over, or with the consumer', async () => {
    const db = await queueDatabase(server, 'ours');
    await db.database.query("SELECT pgq.register_consumer('q', 'c')");
    const report = `SELECT pgq.report_progress('q', 'c', 7, 't', 'dead', 1, 2, null)`;
    const count = 'SELECT count(*)::int FROM pgq.running_event';
    await db.database.query(report);
    const definition = consumer({ queue: 'q', name: 'c', onEvent: () => undefined });
    await runConsumer(definition, { db: db.url, once: true });
    expect(await db.database.value(count)).toBe(0);
    await db.database.query(report);
    await db.database.query("SELECT pgq.unregister_consumer('q', 'c')");
    expect(await db.database.value(count)).toBe(0);
  });

  test('a leased one comes again as soon as another takes over', async () => {
    const db = await doneDatabase(server);
    await db.insert([['t', 'long']]);
    const first = startSluice(args(db), { env: { ...env, LEASE_MS: '500' } });
    await waitFor('the batch to go on without it', async () => {
      const rows = await db.database.rows(
        'SELECT FROM pgq.running_event WHERE run_until IS NOT NULL',
      );
      return rows.length === 1;
    });
    await first.kill();
    await db.database.query("UPDATE pgq.retry_queue SET ev_retry_after = now() + interval '1 h'");
    const second = startSluice(args(db), { env: { ...env, LEASE_MS: '500', LONG_MS: '1' } });
    await second.says(/come again/);
    await waitFor('it to be due', () =>
      db.database.value<boolean>('SELECT ev_retry_after <= now() FROM pgq.retry_queue'),
    );
    await db.database.query('SELECT pgq.maint_retry_events()');
    await db.tick();
    await waitFor('it to be handled', async () => (await doneIn(db.database)).length === 1);
    expect((await second.stop()).exitCode).toBe(0);
    expect(await db.database.rows('SELECT FROM pgq.running_event')).toEqual([]);
  });
});
