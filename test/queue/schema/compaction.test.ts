import type { Client } from 'pg';
import { describe, expect, test } from 'vitest';
import { majors, postgres, waitFor, type TestDatabase } from '../../kit/index.ts';
import { compact, drain, queueDatabase, register, rotate, tick } from './queues.ts';

const logs = [
  'tick_log',
  'position_log',
  'retry_queue',
  'delayed_event',
  'unique_event',
  'dead_event',
];

describe.each(majors)('on PostgreSQL %i', (major) => {
  const server = postgres(major);

  test('under a held snapshot thousands of batches leave no dead row, and no size', async () => {
    const database = await queueDatabase(server);
    await register(database, 'c');
    const holder = await staleClient(database);
    for (let round = 0; round < 5; round += 1) {
      await takeBatches(database, 500);
      for (const log of ['tick_log', 'position_log']) {
        expect(await sizeOf(database, log), log).toBeLessThan(512 * 1024);
        expect(await deadRows(database, log), log).toBe(0);
        await database.query('select pgq.maint_compact($1)', [log]);
      }
    }
    expect(await drain(database, 'c')).toEqual([]);
    await holder.query('commit');
  });

  test('under a held snapshot what comes and goes does not pile up', async () => {
    const database = await queueDatabase(server);
    await register(database, 'c');
    const holder = await staleClient(database);
    for (let round = 0; round < 5; round += 1) {
      await workThrough(database, 100);
      for (const log of logs) {
        expect(await sizeOf(database, log), log).toBeLessThan(512 * 1024);
        await database.query('select pgq.maint_compact($1)', [log]);
      }
    }
    await holder.query('commit');
  });

  test('what is live stays: open batches, ticks that somebody needs, events that wait', async () => {
    const database = await queueDatabase(server);
    await register(database, 'open');
    await register(database, 'behind');
    await database.query(`select pgq.insert_event('q', 't', 'one')`);
    await tick(database);
    const batch = await database.value(`select pgq.next_batch('q', 'open')`);
    await database.query(`select pgq.event_retry($1, ev_id, 3600) from pgq.get_batch_events($1)`, [
      batch,
    ]);
    await database.query(`select pgq.insert_event_at('q', now() + interval '1 hour', 't', 'late')`);
    await database.query(`select pgq.insert_event_unique('q', 'key', '1 hour', 't', 'unique')`);
    await workThrough(database, 100, 'passing');
    const before = await liveState(database);

    for (const log of logs) expect(await compact(database, log), log).toBe(true);

    expect(await liveState(database)).toEqual(before);
    expect(await database.value(`select pgq.next_batch('q', 'open')`)).toBe(batch);
    expect((await drain(database, 'behind')).slice(0, 2)).toEqual(['one', 'unique']);
    expect(
      await database.value(`select pgq.insert_event_unique('q', 'key', '1 hour', 't', '')`),
    ).toBeNull();
  });

  test('what is kept is as it was, whatever times and numbers look like to who compacts', async () => {
    const database = await queueDatabase(server);
    await register(database, 'c');
    await database.query(`
      select pgq.event_retry_raw('q', 'c', '2031-02-01 00:00:00.000001+00', null, now(), 0, 't', e'\\\\ "(,', '', null, null, null);
      select pgq.report_progress('q', 'c', 7, 't', 'me', 0.1::float8 + 0.2, 1e300, 'half')`);
    const rows = () =>
      Promise.all(
        ['retry_queue', 'running_event', 'tick_log', 'position_log'].map((log) =>
          database.rows(`select md5(t::text) from pgq.${log} t order by 1`),
        ),
      );
    const before = await rows();
    const client = await database.client();
    await client.query(
      `set timezone = 'Asia/Kolkata'; set datestyle = 'SQL, DMY'; set extra_float_digits = 0`,
    );
    for (const log of ['retry_queue', 'running_event', 'tick_log', 'position_log']) {
      await database.query('insert into pgq.log_size values ($1, -1000000)', [log]);
      await client.query('select pgq.maint_compact($1)', [log]);
    }
    const after = await rows();
    expect(after.slice(0, 2)).toEqual(before.slice(0, 2));
    for (const at of [2, 3]) expect(before[at]).toEqual(expect.arrayContaining(after[at]!));
    await client.end();
  });

  test('a transaction that is older than a compaction is to be repeated, whatever it asks', async () => {
    const database = await queueDatabase(server);
    await register(database, 'c');
    await database.query(`select pgq.insert_event('q', 't', 'one')`);
    await tick(database);
    const batch = await database.value(`select pgq.next_batch('q', 'c')`);
    const calls = [
      `select pgq.next_batch('q', 'c')`,
      `select pgq.finish_batch(${String(batch)})`,
      `select * from pgq.get_batch_events(${String(batch)})`,
      `select * from pgq.batch_event_tables(${String(batch)})`,
      `select pgq.event_retry(${String(batch)}, 1, 1)`,
      `select pgq.batch_retry(${String(batch)}, 1)`,
      `select pgq.register_consumer('q', 'new')`,
      `select pgq.register_consumer_at('q', 'c', 1)`,
      `select pgq.ticker('q')`,
      `select pgq.tick_eagerly(array[1])`,
    ];
    for (const call of calls) {
      const stale = await staleClient(database);
      await compact(database, 'tick_log');
      await compact(database, 'position_log');
      await expect(stale.query(call), call).rejects.toMatchObject({ code: '40001' });
      await stale.query('rollback');
    }
    expect(await drain(database, 'c')).toEqual(['one']);
  });

  test("a transaction that is older than the consumer's position is to be repeated", async () => {
    const database = await queueDatabase(server);
    await register(database, 'c');
    await database.query(`select pgq.insert_event('q', 't', 'one')`);
    await tick(database);
    const stale = await staleClient(database);
    const finishing = await staleClient(database, `select pgq.next_batch('q', 'c')`);
    await finishing.query('rollback');
    expect(await drain(database, 'c')).toEqual(['one']);
    await expect(stale.query(`select pgq.next_batch('q', 'c')`)).rejects.toMatchObject({
      code: '40001',
    });
  });

  test('a batch is finished once, however old the snapshots', async () => {
    const database = await queueDatabase(server);
    await register(database, 'c');
    await database.query(`select pgq.insert_event('q', 't', 'one')`);
    await tick(database);
    const batch = await database.value(`select pgq.next_batch('q', 'c')`);
    const stale = await staleClient(database);
    expect(await database.value('select pgq.finish_batch($1)', [batch])).toBe(1);
    await expect(stale.query('select pgq.finish_batch($1)', [batch])).rejects.toMatchObject({
      code: '40001',
    });
  });

  test('a ticker with an old snapshot makes no tick out of order', async () => {
    const database = await queueDatabase(server);
    const stale = await staleClient(database);
    await tick(database);
    await expect(stale.query(`select pgq.ticker('q')`)).rejects.toMatchObject({ code: '40001' });
    await stale.query('rollback');

    await database.query('begin');
    await tick(database);
    await database.query('rollback'); // a gap in the numbers, which no snapshot hides
    await stale.query('begin isolation level repeatable read');
    await stale.query(`select pgq.force_tick('q')`);
    expect((await stale.query(`select pgq.ticker('q') > 0 as ticked`)).rows).toEqual([
      { ticked: true },
    ]);
    await stale.query('commit');
  });

  test('whoever has the log in use is not waited for', async () => {
    const database = await queueDatabase(server);
    await register(database, 'c');
    const user = await database.client();
    await user.query('begin');
    await user.query(`select pgq.next_batch('q', 'c')`);
    expect(await compact(database, 'position_log')).toBe(false);
    await user.query('commit');
    expect(await compact(database, 'position_log')).toBe(true);
  });

  test('pg_dump, whose snapshot is older than its locks, loses no row of a log', async () => {
    const database = await queueDatabase(server);
    await register(database, 'c');
    await database.query(
      `select pgq.event_retry_raw('q', 'c', now(), null, now(), 0, 't', 'd', null, null, null, null)`,
    );
    const dump = await database.client();
    await dump.query(`set application_name = 'pg_dump'`);
    await dump.query('begin isolation level repeatable read read only; select from pg_class');
    for (const log of ['retry_queue', 'position_log', 'tick_log']) {
      expect(await compact(database, log)).toBe(false);
      expect((await dump.query(`select from pgq.${log}`)).rowCount).toBeGreaterThan(0);
      await dump.query('commit');
      await dump.query('begin isolation level repeatable read read only; select from pg_class');
    }
    await dump.end();
    await waitFor('it to be gone', async () => compact(database, 'retry_queue'));
  });

  test('where somebody always is, superseded rows are deleted, and old snapshots still are told', async () => {
    const database = await queueDatabase(server);
    await register(database, 'c');
    await register(database, 'busy');
    await tick(database);
    const user = await database.client();
    await user.query('begin');
    const { rows } = await user.query(`select pgq.next_batch('q', 'busy') as batch`);
    const stale = await staleClient(database);
    await takeBatches(database, 150);
    expect(await count(database, 'position_log')).toBeGreaterThan(300);

    expect(await compact(database, 'position_log')).toBe(false);
    expect(await compact(database, 'tick_log')).toBe(false);

    expect(await count(database, 'position_log')).toBeLessThan(10);
    await expect(stale.query(`select pgq.next_batch('q', 'c')`)).rejects.toMatchObject({
      code: '40001',
    });
    await user.query('commit');
    expect(await database.value(`select pgq.next_batch('q', 'busy')`)).toBe(rows[0]?.batch);
    expect(await drain(database, 'busy')).toHaveLength(150);
    expect(await drain(database, 'c')).toHaveLength(2); // it was two ticks behind, and is
    expect(await compact(database, 'tick_log')).toBe(true);
  });

  test('ticks that are closer than the queue asks for are thinned, but not where consumers are', async () => {
    const database = await queueDatabase(server);
    await register(database, 'slow');
    await database.query('begin');
    for (let nr = 0; nr < 300; nr += 1) {
      await database.query(`select pgq.insert_event('q', 't', $1)`, [String(nr)]);
    }
    await database.query('commit');
    for (let nr = 0; nr < 300; nr += 1) {
      await database.query(`select pgq.insert_event('q', 't', $1)`, [String(300 + nr)]);
      await database.query('select pgq.tick_eagerly(array[1])');
    }
    expect(Number(await database.value('select count(*) from pgq.tick'))).toBeGreaterThan(300);
    await compact(database, 'tick_log');
    expect(Number(await database.value('select count(*) from pgq.tick'))).toBeLessThan(100);
    expect(await drain(database, 'slow')).toHaveLength(600);
  });
});

/** Batches of the consumer `c`, of one event each. */
async function takeBatches(database: TestDatabase, batches: number): Promise<void> {
  await database.query('set synchronous_commit = off');
  await database.query(`
    do $$ begin
      for nr in 1 .. ${batches} loop
        perform pgq.insert_event('q', 'type', 'data');
        commit;
        perform pgq.tick_eagerly(array[1]);
        commit;
        perform pgq.finish_batch(pgq.next_batch('q', 'c'));
        commit;
      end loop;
    end $$`);
}

/** Batches of a consumer, each with an event, some of which come again. */
async function workThrough(database: TestDatabase, batches: number, consumer = 'c'): Promise<void> {
  await database.query(`select pgq.register_consumer('q', $1)`, [consumer]);
  await database.query(`
    do $$ declare batch bigint; begin
      for nr in 1 .. ${batches} loop
        perform pgq.insert_event('q', 'type', repeat('data', 50));
        perform pgq.insert_event_unique('q', 'key' || nr, '0 seconds', 'type', 'data');
        perform pgq.insert_event_at('q', clock_timestamp() + interval '1 ms', 'type', 'data');
        commit;
        perform pgq.tick_eagerly(array[1]);
        commit;
        batch := pgq.next_batch('q', '${consumer}');
        perform pgq.event_retry(batch, min(ev_id), 0) from pgq.get_batch_events(batch);
        perform pgq.finish_batch(batch);
        commit;
        perform pgq.maint_retry_events();
        perform pgq.maint_delayed_events();
        commit;
      end loop;
    end $$`);
  await database.query('delete from pgq.retry_queue where ev_retry_after <= now()');
  await rotate(database);
}

async function staleClient(
  database: TestDatabase,
  sql = 'select count(*) from pgq.queue',
): Promise<Client> {
  const client = await database.client();
  await client.query('begin isolation level repeatable read');
  await client.query(sql);
  return client;
}

async function count(database: TestDatabase, log: string): Promise<number> {
  return database.value(`select count(*)::int from pgq.${log}`);
}

async function sizeOf(database: TestDatabase, log: string): Promise<number> {
  return Number(await database.value(`select pg_total_relation_size('pgq.${log}')`));
}

async function deadRows(database: TestDatabase, log: string): Promise<number> {
  await database.query('create extension if not exists pgstattuple');
  return Number(await database.value(`select dead_tuple_count from pgstattuple('pgq.${log}')`));
}

async function liveState(database: TestDatabase): Promise<unknown> {
  return {
    subscriptions: await database.rows('select * from pgq.subscription order by sub_consumer'),
    retried: await database.rows('select * from pgq.retry_queue order by ev_id'),
    delayed: await database.rows('select * from pgq.delayed_event order by ev_id'),
    lastTick: await database.value('select max(tick_id) from pgq.tick'),
  };
}
