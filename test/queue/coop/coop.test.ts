import type { Client } from 'pg';
import { describe, expect, test } from 'vitest';
import { installScript } from '../../../src/queue/index.ts';
import { majors, postgres, waitFor, type TestDatabase } from '../../kit/index.ts';

describe.each(majors)('on PostgreSQL %i', (major) => {
  const server = postgres(major);

  const queue = async (): Promise<TestDatabase> => {
    const database = await server.database(installScript());
    await database.query("select pgq.create_queue('q')");
    return database;
  };

  test('sub-consumers take one batch each, side by side', async () => {
    const database = await queue();
    expect(await database.value("select pgq_coop.register_subconsumer('q', 'main', 'a')")).toBe(1);
    expect(await database.value("select pgq_coop.register_subconsumer('q', 'main', 'a')")).toBe(0);
    expect(await next(database, 'a')).toBeNull();
    await insert(database, '1', '2');
    const first = await next(database, 'a');
    expect(await next(database, 'a')).toBe(first);
    expect(await next(database, 'b')).toBeNull();
    await insert(database, '3');
    const second = await next(database, 'b');
    expect(await dataOf(database, first)).toEqual(['1', '2']);
    expect(await dataOf(database, second)).toEqual(['3']);
    expect(await finish(database, second)).toBe(1);
    expect(await finish(database, second)).toBe(0);
    expect(await next(database, 'b')).toBeNull();
    expect(await next(database, 'a')).toBe(first);
    expect(await finish(database, first)).toBe(1);
    expect(await next(database, 'a')).toBeNull();
  });

  test('whom it does not know it registers; the one API unregisters what the other has registered', async () => {
    const database = await queue();
    expect(await next(database, 'a')).toBeNull();
    expect(await next(database, 'b')).toBeNull();
    expect(await consumers(database)).toEqual(['main', 'main.a (no tick)', 'main.b (no tick)']);
    expect(await database.value('select count(distinct sub_id)::int from pgq.subscription')).toBe(
      1,
    );
    expect(await database.value("select pgq.unregister_consumer('q', 'main.b')")).toBe(1);
    expect(await database.value("select pgq.unregister_consumer('q', 'main')")).toBe(2);
    expect(await consumers(database)).toEqual([]);
  });

  test('a batch of one that is dead goes to another, who is then alone with it', async () => {
    const database = await queue();
    await next(database, 'a');
    await next(database, 'b');
    await insert(database, '1');
    const batch = await next(database, 'a');
    expect(await next(database, 'b', '1 hour')).toBeNull();
    await seenLongAgo(database);
    expect(await next(database, 'b', '1 hour')).toBe(batch);
    expect(await dataOf(database, batch)).toEqual(['1']);
    expect(await consumers(database)).toEqual(['main', 'main.b']);
    expect(await next(database, 'a')).toBeNull();
    expect(await finish(database, batch)).toBe(1);
    expect(await next(database, 'b', '1 hour')).toBeNull();
  });

  test('who asks for its open batch again is alive', async () => {
    const database = await queue();
    await insert(database);
    await next(database, 'a');
    await insert(database, '1');
    const batch = await next(database, 'a');
    await seenLongAgo(database);
    expect(await next(database, 'a')).toBe(batch);
    expect(await next(database, 'b', '1 hour')).toBeNull();
  });

  test('one that is taken over while it finishes has finished, and nobody gets its batch', async () => {
    const database = await queue();
    await next(database, 'a');
    await insert(database, '1');
    const batch = await next(database, 'a');
    await seenLongAgo(database);
    const slow = await database.client();
    await slow.query('begin');
    expect((await slow.query('select pgq_coop.finish_batch($1)', [batch])).rows).toEqual([
      { finish_batch: 1 },
    ]);
    expect(await next(database, 'b', '1 hour')).toBeNull();
    await slow.query('commit');
    expect(await finish(database, batch)).toBe(0);
  });

  test('one that comes back after it was taken over finishes for both, or loses to the other', async () => {
    const database = await queue();
    await next(database, 'a');
    await insert(database, '1');
    const batch = await next(database, 'a');
    await seenLongAgo(database);
    const taker = await database.client();
    await taker.query('begin');
    await taker.query("select pgq_coop.next_batch('q', 'main', 'b', '1 hour')");
    const slow = await database.client();
    const finishing = slow.query('select pgq_coop.finish_batch($1)', [batch]);
    await waitFor('the slow one waits', () =>
      database.value('select exists (select from pg_locks where not granted)'),
    );
    await taker.query('commit');
    expect((await finishing).rows).toEqual([{ finish_batch: 1 }]);
    expect((await taker.query('select pgq_coop.finish_batch($1)', [batch])).rows).toEqual([
      { finish_batch: 0 },
    ]);
  });

  test('one with an open batch is unregistered when its events may be lost, and not before', async () => {
    const database = await queue();
    await next(database, 'a');
    await insert(database, '1');
    await next(database, 'a');
    const unregister = (handling: number) =>
      database.value("select pgq_coop.unregister_subconsumer('q', 'main', 'a', $1)", [handling]);
    await expect(unregister(0)).rejects.toMatchObject({
      code: 'P0001',
      message: 'subconsumer has active batch',
    });
    expect(await unregister(1)).toBe(1);
    expect(await unregister(0)).toBe(0);
    expect(await consumers(database)).toEqual(['main']);
    expect(await database.rows('select co_name from pgq.consumer')).toEqual([{ co_name: 'main' }]);
  });

  test('a main consumer that works by itself has no sub-consumers', async () => {
    const database = await queue();
    await next(database, 'a');
    await insert(database, '1');
    await database.query("select pgq.next_batch('q', 'main')");
    await expect(next(database, 'a')).rejects.toMatchObject({
      code: 'P0001',
      message: 'main consumer has batch open?',
    });
    await expect(database.query("select pgq_coop.next_batch('none', 'main', 'a')")).rejects.toThrow(
      'Event queue not created yet',
    );
  });

  test('a consumer of its own that has the name of a sub-consumer is left alone', async () => {
    const database = await queue();
    await database.query("select pgq.register_consumer('q', 'main.a')");
    await insert(database, '1');
    await expect(next(database, 'a')).rejects.toThrow('main.a is registered by itself');
    expect(await consumers(database)).toEqual(['main.a']);
    const batch = await database.value<string>("select pgq.next_batch('q', 'main.a')");
    expect(await dataOf(database, batch)).toEqual(['1']);
  });

  test('limits hold for sub-consumers too', async () => {
    const database = await queue();
    await next(database, 'a');
    await insert(database, '1');
    const custom = (count: number) =>
      database.value("select pgq_coop.next_batch_custom('q', 'main', 'a', null, $1, null)", [
        count,
      ]);
    await database.query('update pgq.queue set queue_ticker_max_count = 1');
    const lag = "select pgq_coop.next_batch_custom('q', 'main', 'a', '1 hour', null, null)";
    expect(await database.value(lag)).toBeNull();
    expect(await custom(1)).not.toBeNull();
  });

  test('an event that is asked for again comes again, to any of them', async () => {
    const database = await queue();
    await next(database, 'a');
    await insert(database, '1');
    const batch = await next(database, 'a');
    const id = await database.value('select ev_id from pgq.get_batch_events($1)', [batch]);
    await database.query('select pgq.event_retry($1, $2, 0)', [batch, id]);
    await finish(database, batch);
    await database.query('select pgq.maint_retry_events()');
    await insert(database);
    const again = await next(database, 'b');
    expect(await dataOf(database, again)).toEqual(['1']);
  });

  test('many at once, some of whom die: each event is done once', async () => {
    const database = await queue();
    await database.query('create table done (ev_id bigint, sub text)');
    await next(database, '0');
    for (let batch = 0; batch < 60; batch += 1) await insert(database, `${batch}`, `${batch}'`);
    const isDone = async () => (await database.value('select count(*)::int from done')) === 120;
    await Promise.all(
      Array.from({ length: 6 }, async (_, nr) => {
        const client = await database.client();
        for (let step = 0; !(await isDone()); step += 1) await work(client, `s${nr}`, step + nr);
      }),
    );
    expect(await database.value('select count(distinct ev_id)::int from done')).toBe(120);
    expect(await database.value('select count(distinct sub)::int from done')).toBeGreaterThan(1);
  });
});

const insert = async (database: TestDatabase, ...data: readonly string[]): Promise<void> => {
  for (const each of data) await database.query("select pgq.insert_event('q', 't', $1)", [each]);
  await database.query("select pgq.force_tick('q')");
  await database.query("select pgq.ticker('q')");
};

const next = (db: TestDatabase, sub: string, dead: string | null = null, main = 'main') =>
  db.value<string | null>('select pgq_coop.next_batch($1, $2, $3, $4::interval)', [
    'q',
    main,
    sub,
    dead,
  ]);

const dataOf = async (database: TestDatabase, batch: string | null) =>
  (await database.rows('select ev_data from pgq.get_batch_events($1)', [batch])).map(
    (row) => row['ev_data'],
  );

const finish = (database: TestDatabase, batch: string | null) =>
  database.value('select pgq_coop.finish_batch($1)', [batch]);

const seenLongAgo = (database: TestDatabase) =>
  database.query(
    "update pgq.position_log set pos_active = '2005-01-01' where pos_batch is not null",
  );

const consumers = async (database: TestDatabase) =>
  (
    await database.rows(
      'select consumer_name, last_tick is null as is_sub from pgq.get_consumer_info()',
    )
  ).map((row) => `${String(row['consumer_name'])}${row['is_sub'] === true ? ' (no tick)' : ''}`);

/** One step of a sub-consumer; every fifth dies with its batch done or not, and forgets that it had one. */
async function work(client: Client, sub: string, step: number): Promise<void> {
  try {
    const { rows } = await client.query(
      "select pgq_coop.next_batch('q', 'main', $1, '20 ms') as batch",
      [step % 5 === 0 ? `${sub}-${step}` : sub],
    );
    const batch: unknown = rows[0].batch;
    if (batch === null || step % 5 === 0) return;
    await client.query('begin');
    await client.query('insert into done select ev_id, $2 from pgq.get_batch_events($1)', [
      batch,
      sub,
    ]);
    const finished = await client.query('select pgq_coop.finish_batch($1) as n', [batch]);
    await client.query(finished.rows[0].n === 1 ? 'commit' : 'rollback');
  } catch (error) {
    await client.query('rollback');
    if (!(error instanceof Error && 'code' in error && repeated.includes(String(error.code))))
      throw error;
  }
}

/** Serialization failure, deadlock; and a batch that was finished by another before its events were read. */
const repeated = ['40001', '40P01', 'P0001'];
