import { describe, expect, test } from 'vitest';
import { dropReplication } from '../../../src/replicate/index.ts';
import { createLog } from '../../../src/service/index.ts';
import { httpSink } from '../../../src/sink/index.ts';
import { anyMajor, majors, postgres, waitFor, within } from '../../kit/index.ts';
import { describeService } from '../../service/conformance.ts';
import { startReceiver, type Receiver } from '../../sink/receiver.ts';
import { feedOf, readChange, running, type ReadChange } from './scene.ts';

const tables = `
  CREATE DOMAIN cents AS bigint;
  CREATE TYPE mood AS ENUM ('ok', 'bad');
  CREATE TABLE orders (id int PRIMARY KEY, price cents, moods mood[], doc jsonb, photo bytea);
  ALTER TABLE orders ALTER photo SET STORAGE EXTERNAL;`;

function sinkTo(receiver: Receiver, concurrency = 1) {
  return httpSink({ name: 'hooks', url: receiver.url, secrets: ['secret'], concurrency });
}

function changes(receiver: Receiver): ReadChange[] {
  return receiver.kept.map(({ body }) => readChange(body));
}

async function arrived(receiver: Receiver, count: number): Promise<ReadChange[]> {
  await waitFor(`${count} changes to arrive`, () => receiver.kept.length >= count);
  return changes(receiver);
}

describe.each(majors)('a feed from PostgreSQL %i', (major) => {
  const server = postgres(major);

  test('sends every change of a row, typed, with its transaction', async () => {
    const here = await server.database(tables);
    const receiver = await startReceiver();
    const feed = await running(feedOf(here, sinkTo(receiver)));
    await here.query(
      `INSERT INTO orders VALUES
         (1, 9007199254740993, '{ok,bad}', '{"a": [1, 2.50]}', decode(repeat('00ff', 3000), 'hex')),
         (2, NULL, NULL, NULL, NULL)`,
    );
    await here.query(`UPDATE orders SET price = 7 WHERE id = 1`);
    await here.query(`UPDATE orders SET id = 3 WHERE id = 2`);
    await here.query(`DELETE FROM orders WHERE id = 3`);
    await here.query(`TRUNCATE orders`);
    const [first, second, update, move, remove, truncate] = await arrived(receiver, 6);
    expect(first).toMatchObject({
      op: 'insert',
      database: here.name,
      schema: 'public',
      table: 'orders',
      key: { id: 1 },
      before: null,
      after: {
        id: 1,
        price: '9007199254740993',
        moods: ['ok', 'bad'],
        doc: { a: [1, 2.5] },
        photo: Buffer.from('00ff'.repeat(3000), 'hex').toString('base64'),
      },
      transaction: { sequence: 1, last: false },
    });
    expect(second).toMatchObject({
      after: { id: 2, price: null, moods: null, doc: null, photo: null },
      transaction: { ...first!.transaction, sequence: 2, last: true },
    });
    expect(update).toMatchObject({
      op: 'update',
      key: { id: 1 },
      before: null,
      unchanged: ['photo'],
      transaction: { sequence: 1, last: true },
    });
    expect(update!.after).toEqual({
      id: 1,
      price: '7',
      moods: ['ok', 'bad'],
      doc: { a: [1, 2.5] },
    });
    expect(move).toMatchObject({ op: 'update', key: { id: 3 }, before: { id: 2 } });
    expect(move!.before).toEqual({ id: 2 });
    expect(remove).toMatchObject({ op: 'delete', key: { id: 3 }, before: { id: 3 }, after: null });
    expect(truncate).toMatchObject({ op: 'truncate', cascade: false, restartIdentity: false });
    const lsns = changes(receiver).map((change) => change.transaction.commitLsn);
    expect(receiver.kept.map(({ headers }) => headers['webhook-id'])).toEqual(
      changes(receiver).map(
        ({ transaction }) => `feed:${transaction.commitLsn}:${transaction.sequence}`,
      ),
    );
    expect(new Set(lsns).size).toBe(5);
    await feed.stop();
  });
});

describe('a feed', () => {
  const server = postgres(anyMajor);

  describeService('a feed', async () => {
    const here = await server.database(tables, { mayLeak: true });
    return { service: feedOf(here, sinkTo(await startReceiver())) };
  });

  test('splits a change of the key where the sink keeps the order of keys only', async () => {
    const here = await server.database(tables);
    const receiver = await startReceiver();
    const feed = await running(feedOf(here, sinkTo(receiver, 4)));
    await here.query('INSERT INTO orders (id) VALUES (1)');
    await arrived(receiver, 1);
    await here.query('UPDATE orders SET id = 2');
    await here.query('INSERT INTO orders (id) VALUES (1)');
    const all = await arrived(receiver, 4);
    const ofOne = all.filter(({ key }) => key?.['id'] === 1).map(({ op }) => op);
    expect(ofOne).toEqual(['insert', 'delete', 'insert']);
    expect(all.filter(({ key }) => key?.['id'] === 2).map(({ op }) => op)).toEqual(['insert']);
    await feed.stop();
  });

  test('with REPLICA IDENTITY FULL has the row before, and the primary key for its key', async () => {
    const here = await server.database(`${tables} ALTER TABLE orders REPLICA IDENTITY FULL;`);
    const receiver = await startReceiver();
    const feed = await running(feedOf(here, sinkTo(receiver)));
    await here.query(
      `INSERT INTO orders VALUES (1, 5, NULL, NULL, decode(repeat('01', 4000), 'hex'))`,
    );
    await here.query('UPDATE orders SET price = 6');
    const [insert, update] = await arrived(receiver, 2);
    expect(update).toMatchObject({
      key: { id: 1 },
      before: { id: 1, price: '5' },
      after: { id: 1, price: '6', photo: insert!.after!['photo'] },
    });
    expect(update).not.toHaveProperty('unchanged');
    await feed.stop();
  });

  test('goes on where it ended, and stopped in good health sends nothing twice', async () => {
    const here = await server.database(tables);
    const receiver = await startReceiver();
    let next = 1;
    for (let run = 0; run < 3; run += 1) {
      const feed = await running(feedOf(here, sinkTo(receiver)));
      for (let i = 0; i < 10; i += 1, next += 1)
        await here.query('INSERT INTO orders (id) VALUES ($1)', [next]);
      if (run === 1) await arrived(receiver, 15); // stopped in the middle
      await within('stop', feed.stop());
    }
    const feed = feedOf(here, sinkTo(receiver), { once: true });
    feed.start();
    await within('the feed to be done', feed.finished);
    expect(changes(receiver).map(({ key }) => key?.['id'])).toEqual(
      Array.from({ length: 30 }, (_, i) => i + 1),
    );
  });

  test('once, ends where the source is, also where nothing was written', async () => {
    const here = await server.database(tables);
    const receiver = await startReceiver();
    for (let i = 0; i < 3; i += 1) {
      const feed = feedOf(here, sinkTo(receiver), { once: true });
      feed.start();
      await within('the feed to be done', feed.finished, 30_000);
      expect(feed.status()).toMatchObject({ phase: 'done', error: null });
      if (i === 1) await here.query('INSERT INTO orders (id) VALUES (1)');
    }
    expect(receiver.kept).toHaveLength(1);
  });

  test('never confirms what the sink does not have: a dead sink holds the position and the WAL', async () => {
    const here = await server.database(tables);
    const receiver = await startReceiver();
    const feed = await running(feedOf(here, sinkTo(receiver)));
    await receiver.stop();
    const confirmed = () =>
      here.value<string>(
        `SELECT confirmed_flush_lsn::text FROM pg_replication_slots WHERE database = current_database()`,
      );
    const before = await confirmed();
    const position = await here.value('SELECT position::text FROM sluice.pipeline');
    await here.query('INSERT INTO orders (id) VALUES (1)');
    await waitFor('trouble', () => feed.status().error !== null);
    await here.query(
      `INSERT INTO orders (id, photo) SELECT g, decode(repeat('02', 2000), 'hex') FROM generate_series(2, 1500) g`,
    );
    await waitFor('lag', () => (feed.status().lagBytes ?? 0) > 3_000_000);
    expect(await confirmed()).toBe(before);
    expect(await here.value('SELECT position::text FROM sluice.pipeline')).toBe(position);
    await receiver.start();
    await waitFor('all to arrive', () => receiver.kept.length >= 1500);
    await waitFor('all to be told', () => feed.status().changesApplied === 1500);
    expect(feed.status()).toMatchObject({ error: null, transactionsApplied: 2 });
    await waitFor('the source to be told', async () => (await confirmed()) !== before);
    await feed.stop();
  });

  test('keeps its position elsewhere when told to, and drop finds all that it made', async () => {
    const here = await server.database(tables);
    const there = await server.database();
    const receiver = await startReceiver();
    const feed = await running(feedOf(here, sinkTo(receiver), { positions: there.url }));
    await here.query('INSERT INTO orders (id) VALUES (1)');
    await arrived(receiver, 1);
    await feed.stop();
    expect(await there.rows('SELECT name FROM sluice.pipeline')).toEqual([{ name: 'feed' }]);
    const { removed } = await dropReplication(
      { source: here.url, target: there.url, name: 'feed' },
      { log: createLog({ level: 'silent' }), signal: new AbortController().signal },
    );
    expect(removed).toHaveLength(3);
    expect(await here.leaks()).toEqual([]);
  });

  test('a position in the source itself makes no WAL that makes the next position', async () => {
    const here = await server.database(tables);
    const receiver = await startReceiver();
    const feed = await running(feedOf(here, sinkTo(receiver)));
    await here.query('INSERT INTO orders (id) VALUES (1)');
    await waitFor(
      'the lag to go',
      () => receiver.kept.length === 1 && feed.status().lagBytes === 0,
    );
    const position = feed.status().position;
    for (let i = 0; i < 20; i += 1) {
      await here.query('SELECT pg_logical_emit_message(true, $1, $2)', ['other', 'work']);
      await waitFor('the lag to go', () => feed.status().lagBytes === 0);
    }
    expect(feed.status().position).toBe(position);
    await feed.stop();
  });

  test('a partition that is made meanwhile is followed from its first row on', async () => {
    const here = await server.database(
      `CREATE TABLE days (id int, day int, PRIMARY KEY (id, day)) PARTITION BY RANGE (day);
       CREATE TABLE days_low PARTITION OF days FOR VALUES FROM (0) TO (5);`,
    );
    const receiver = await startReceiver();
    const feed = await running(feedOf(here, sinkTo(receiver)));
    await here.query('CREATE TABLE days_high PARTITION OF days FOR VALUES FROM (5) TO (10)');
    await here.query('INSERT INTO days VALUES (1, 1), (2, 7)');
    expect(await arrived(receiver, 2)).toMatchObject([
      { table: 'days_low', key: { id: 1, day: 1 } },
      { table: 'days_high', key: { id: 2, day: 7 } },
    ]);
    await feed.stop();
  });

  test('does not start without what its source must have', async () => {
    const here = await server.database(`${tables} CREATE TABLE notes (id int);`);
    const feed = feedOf(here, sinkTo(await startReceiver()));
    feed.start();
    await expect(within('the feed', feed.finished)).rejects.toMatchObject({
      code: 'REPLICATE_BLOCKED',
      message: expect.stringContaining('CHECK_NO_IDENTITY'),
    });
    expect(feed.status()).toMatchObject({ phase: 'stopped' });
  });

  test('ends with what its sink needs a person for, and goes on from there', async () => {
    const here = await server.database(tables);
    const receiver = await startReceiver();
    receiver.answer = ({ body }) => ({ status: readChange(body).key?.['id'] === 2 ? 422 : 200 });
    const feed = await running(feedOf(here, sinkTo(receiver)));
    await here.query('INSERT INTO orders (id) VALUES (1), (2), (3)');
    await expect(within('the feed', feed.finished)).rejects.toMatchObject({ code: 'SINK_REFUSED' });
    receiver.answer = () => ({ status: 200 });
    const again = feedOf(here, sinkTo(receiver), { once: true });
    again.start();
    await within('the feed to be done', again.finished);
    expect(changes(receiver).map(({ key }) => key?.['id'])).toEqual([1, 1, 2, 3]);
  });
});
