import { describe, expect, test } from 'vitest';
import { installQueue, installTracking, trackingScript } from '../../../src/queue/index.ts';
import { createPgClient } from '../../../src/session/index.ts';
import { majors, postgres, waitFor, type TestDatabase } from '../../kit/index.ts';

describe.each(majors)('on PostgreSQL %i', (major) => {
  const server = postgres(major);
  const target = () => server.database(trackingScript());

  test('the last batch of a consumer is known, and no other', async () => {
    const database = await target();
    const said = await answers(database, [
      "is_batch_done('c', 1)",
      "set_batch_done('c', 1)",
      "is_batch_done('c', 1)",
      "set_batch_done('c', 1)",
      "is_batch_done('c', 'sub', 1)",
      "set_batch_done('c', 'sub', 1)",
      "set_batch_done('c', 2)",
      "is_batch_done('c', 1)",
      "set_batch_done('c', 1)",
      "is_batch_done('c', null)",
      "set_batch_done('c', null)",
      "set_batch_done('c', 0)",
    ]);
    const expected = [false, true, true, false, false, true, true, false, true, null, true, true];
    expect(said).toEqual(expected);
    expect(await database.rows('select * from pgq_ext.completed_batch order by 1, 2')).toEqual([
      { consumer_id: 'c', subconsumer_id: '', last_batch_id: '1' },
      { consumer_id: 'c', subconsumer_id: 'sub', last_batch_id: '1' },
    ]);
  });

  test('events are known until the first of another batch', async () => {
    const database = await target();
    const said = await answers(database, [
      "is_event_done('c', 3, 101)",
      "set_event_done('c', 3, 101)",
      "set_event_done('c', 3, 102)",
      "is_event_done('c', 3, 101)",
      "is_event_done('c', 'sub', 3, 101)",
      "set_event_done('c', 3, 101)",
      "is_event_done('c', 4, 101)",
      "set_event_done('c', 4, 101)",
      "is_event_done('c', 3, 101)",
      "set_event_done('c', 3, 101)",
      "is_event_done('c', 4, 101)",
    ]);
    expect(said).toEqual([false, true, true, true, false, false, false, true, false, true, false]);
    expect(await database.rows('select * from pgq_ext.completed_event')).toEqual([
      { consumer_id: 'c', subconsumer_id: '', batch_id: '3', event_id: '101' },
    ]);
    expect(await database.rows('select * from pgq_ext.partial_batch')).toEqual([
      { consumer_id: 'c', subconsumer_id: '', cur_batch_id: '3' },
    ]);
    expect(await database.value('select count(*)::int from pgq_ext.event_log')).toBe(1);
  });

  test('the last tick is known until it is set to null', async () => {
    const database = await target();
    const said = await answers(database, [
      "get_last_tick('c')",
      "set_last_tick('c', null)",
      "set_last_tick('c', 5)",
      "set_last_tick('c', 'sub', 7)",
      "set_last_tick('c', 4)",
      "get_last_tick('c')",
      "get_last_tick('c', 'sub')",
      "set_last_tick('c', null)",
      "get_last_tick('c')",
      "set_last_tick('c', 6)",
      "get_last_tick('c')",
    ]);
    expect(said).toEqual([null, 1, 1, 1, 1, '4', '7', 1, null, 1, '6']);
  });

  test('scripts that know the tables write to them as before', async () => {
    const database = await target();
    await database.query(
      "insert into pgq_ext.completed_tick (consumer_id, last_tick_id) values ('c', 5)",
    );
    await database.query('update pgq_ext.completed_tick set last_tick_id = last_tick_id + 1');
    expect(await database.value("select pgq_ext.get_last_tick('c')")).toBe('6');
    await expect(
      database.query("insert into pgq_ext.completed_tick values ('c', '', 9)"),
    ).rejects.toMatchObject({ code: '23505' });
    await database.query("delete from pgq_ext.completed_tick where consumer_id = 'c'");
    expect(await database.value("select pgq_ext.get_last_tick('c')")).toBeNull();
    await database.query(
      "insert into pgq_ext.completed_event values ('c', '', 1, 2), ('c', '', 1, 3)",
    );
    await database.query('delete from pgq_ext.completed_event where event_id = 2');
    expect(
      await answers(database, ["is_event_done('c', 1, 2)", "is_event_done('c', 1, 3)"]),
    ).toEqual([false, true]);
  });

  test('of two transactions that record one batch, one has done it', async () => {
    const database = await target();
    const [first, second] = [await database.client(), await database.client()];
    const record = "select pgq_ext.set_batch_done('c', 7) as is_new";
    await first.query(`begin; ${record}`);
    await second.query('begin');
    const waiting = second.query(record);
    await waitFor('the second waits', async () =>
      database.value('select exists (select from pg_locks where not granted)'),
    );
    await first.query('commit');
    expect((await waiting).rows).toEqual([{ is_new: false }]);
    await second.query('commit');
  });

  test.each([
    ['a batch', "set_batch_done('c', 1)", "set_batch_done('c', 2)"],
    ['a tick', "set_last_tick('c', 1)", "set_last_tick('c', 2)"],
    ['an event', "set_event_done('c', 1, 1)", "set_event_done('c', 1, 2)"],
  ])('a snapshot from before %s was recorded records nothing over it', async (_what, then, now) => {
    const database = await target();
    await database.query(`select pgq_ext.${then}`);
    const old = await database.client();
    await old.query('begin isolation level repeatable read; select 1');
    await database.query(`select pgq_ext.${now}`);
    await expect(old.query(`select pgq_ext.${now}`)).rejects.toMatchObject({ code: '40001' });
    await old.query('rollback');
  });

  test('under a held snapshot the tables stay small, and nothing is forgotten', async () => {
    const database = await target();
    await database.query(
      "select pgq_ext.set_last_tick('other', 8), pgq_ext.set_batch_done('c', 1)",
    );
    const holder = await database.client();
    await holder.query('begin isolation level repeatable read; select 1');
    const sizes: number[] = [];
    for (let round = 0; round < 4; round += 1) {
      await database.query(
        `do $$ begin
           for batch in ${round * 4000 + 2} .. ${(round + 1) * 4000 + 1} loop
             perform pgq_ext.set_batch_done('c', batch);
           end loop;
           perform pgq_ext.set_event_done('c', ${round}, event) from generate_series(1, 4000) event;
         end $$`,
      );
      while ((await database.value('select pgq_ext.maint_compact()')) === 1);
      const size = "pg_table_size('pgq_ext.mark_log') + pg_table_size('pgq_ext.event_log')";
      sizes.push(Number(await database.value(`select ${size}`)));
    }
    expect(sizes[3]).toBeLessThan(sizes[0]! * 2);
    expect(
      await answers(database, [
        "get_last_tick('other')",
        "is_batch_done('c', 16001)",
        "is_event_done('c', 3, 4000)",
      ]),
    ).toEqual(['8', true, true]);
    for (const read of [
      "get_last_tick('other')",
      "is_batch_done('c', 1)",
      "set_batch_done('c', 2)",
    ]) {
      await holder.query('savepoint s');
      await expect(holder.query(`select pgq_ext.${read}`)).rejects.toMatchObject({ code: '40001' });
      await holder.query('rollback to s');
    }
    await expect(holder.query('select pgq_ext.maint_compact()')).rejects.toMatchObject({
      code: '25000',
    });
    await holder.query('rollback');
  });

  test('a target without a queue is installed twice, and into a queue, and keeps what it knows', async () => {
    const database = await server.database();
    const client = createPgClient(database.url, { purpose: 'test install' });
    await client.connect();
    await installTracking(client);
    await database.query("select pgq_ext.set_last_tick('c', 5)");
    await installTracking(client);
    await installQueue(client);
    await client.end();
    expect(await database.value("select pgq_ext.get_last_tick('c')")).toBe('5');
    expect(await database.value("select pgq.create_queue('q')")).toBe(1);
  });

  test('what the original has recorded is taken over', async () => {
    const database = await server.database(`
      create schema pgq_ext;
      create table pgq_ext.completed_tick (consumer_id text, subconsumer_id text, last_tick_id bigint);
      create table pgq_ext.completed_batch (consumer_id text, last_batch_id bigint);
      create table pgq_ext.partial_batch (consumer_id text, subconsumer_id text, cur_batch_id bigint);
      create table pgq_ext.completed_event (consumer_id text, subconsumer_id text, batch_id bigint, event_id bigint);
      insert into pgq_ext.completed_tick values ('c', '', 5), ('c', 'sub', 6);
      insert into pgq_ext.completed_batch values ('c', 7);
      insert into pgq_ext.partial_batch values ('c', '', 8);
      insert into pgq_ext.completed_event values ('c', '', 8, 1), ('c', '', 8, 2);
    `);
    const client = createPgClient(database.url, { purpose: 'test install' });
    await client.connect();
    await installTracking(client);
    await client.end();
    expect(
      await answers(database, [
        "get_last_tick('c')",
        "get_last_tick('c', 'sub')",
        "is_batch_done('c', 7)",
        "is_event_done('c', 8, 2)",
        "is_event_done('c', 8, 3)",
      ]),
    ).toEqual(['5', '6', true, true, false]);
  });

  test('writers may track, others only ask for the version', async () => {
    const database = await target();
    await database.query(
      'create role somebody; create role tracker in role pgq_writer; grant tracker, somebody to current_user',
    );
    try {
      await database.query("set role tracker; select pgq_ext.set_event_done('c', 1, 1)");
      expect(await database.value('select count(*)::int from pgq_ext.completed_event')).toBe(1);
      await expect(database.query("select pgq_ext._find_mark('tick', 'c', '')")).rejects.toThrow(
        'denied',
      );
      await database.query('set role somebody');
      expect(await database.value('select pgq_ext.version()')).toBe('3.4');
      await expect(database.query("select pgq_ext.get_last_tick('c')")).rejects.toThrow('denied');
    } finally {
      await database.query('reset role; drop role somebody; drop role tracker');
    }
  });
});

const answers = async (database: TestDatabase, calls: readonly string[]): Promise<unknown[]> => {
  const said: unknown[] = [];
  for (const call of calls) said.push(await database.value(`select pgq_ext.${call}`));
  return said;
};
