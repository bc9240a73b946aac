import { readFileSync } from 'node:fs';
import { describe, expect, test } from 'vitest';
import { majors, postgres, waitFor, type TestDatabase } from '../../kit/index.ts';
import { currentTable, drain, queueDatabase, register, rotate, tick } from './queues.ts';

const becomeTicker = readFileSync(
  new URL('../../../src/queue/sql/become-ticker.sql', import.meta.url),
  'utf8',
);

describe.each(majors)('on PostgreSQL %i', (major) => {
  const server = postgres(major);

  test('a delayed event comes when it is due, not before, with the number it was given', async () => {
    const database = await queueDatabase(server);
    await register(database, 'c');
    expect(await database.value('select pgq.next_due()')).toBeNull();
    const id = await database.value(
      `select pgq.insert_event_at('q', now() + interval '1 hour', 't', 'late', 'e1')`,
    );
    expect(
      await database.value(`select pgq.next_due() between now() + '59 min' and now() + '61 min'`),
    ).toBe(true);
    expect(await database.value('select pgq.maint_delayed_events()')).toBe(0);
    await database.query('update pgq.delayed_event set ev_due = now()');
    expect(await database.value('select pgq.maint_delayed_events()')).toBe(1);
    await tick(database);
    const batch = await database.value(`select pgq.next_batch('q', 'c')`);
    expect(
      await database.rows('select ev_id, ev_data, ev_extra1 from pgq.get_batch_events($1)', [
        batch,
      ]),
    ).toEqual([{ ev_id: id, ev_data: 'late', ev_extra1: 'e1' }]);
    expect(await database.value('select pgq.next_due()')).toBeNull();
  });

  test('a time that has passed is now, a stopped queue lets its delayed events wait', async () => {
    const database = await queueDatabase(server);
    await register(database, 'c');
    await database.query(`select pgq.insert_event_at('q', now(), 't', 'at once')`);
    await database.query(`select pgq.insert_event_at('q', now() + interval '1 hour', 't', 'late')`);
    await database.query(
      'update pgq.delayed_event set ev_due = now(); update pgq.queue set queue_disable_insert = true',
    );
    expect(await database.value('select pgq.maint_delayed_events()')).toBe(0);
    await tick(database);
    expect(await drain(database, 'c')).toEqual(['at once']);
    await expect(
      database.query(`select pgq.insert_event_at('q', now() + interval '1 hour', 't', 'd')`),
    ).rejects.toThrow('Insert into queue disallowed');
    await expect(
      database.query(`select pgq.insert_event_at('nope', now() + interval '1 hour', 't', 'd')`),
    ).rejects.toThrow('No such queue');
  });

  test('of two events with a key one comes within the window, also when both come at once', async () => {
    const database = await queueDatabase(server);
    await register(database, 'c');
    const [first, second] = [await database.client(), await database.client()];
    const insert = `select pgq.insert_event_unique('q', 'key', '1 hour', 't', $1) as id`;
    await first.query('begin');
    await first.query(insert, ['rolled back']);
    const waiting = second.query(insert, ['second']);
    await first.query('rollback');
    expect((await waiting).rows[0]).not.toEqual({ id: null });
    expect((await first.query(insert, ['third'])).rows).toEqual([{ id: null }]);
    expect(
      await database.value(`select pgq.insert_event_unique('q', 'other key', null, 't', 'other')`),
    ).not.toBeNull();
    await database.query('update pgq.unique_event set unq_until = now()');
    expect((await first.query(insert, ['fourth'])).rows[0]).not.toEqual({ id: null });
    await tick(database);
    expect(await drain(database, 'c')).toEqual(['second', 'other', 'fourth']);
  });

  test('an event that comes again waits while its queue takes none, and counts for no limit', async () => {
    const database = await queueDatabase(server);
    await register(database, 'c');
    for (const data of ['1', '2', '3']) {
      await database.query(
        `select pgq.event_retry_raw('q', 'c', now(), null, now(), 0, 't', $1, null, null, null, null)`,
        [`again ${data}`],
      );
      await database.query(`select pgq.insert_event_at('q', now() + interval '1 hour', 't', $1)`, [
        `late ${data}`,
      ]);
    }
    await database.query('update pgq.delayed_event set ev_due = now()');
    await database.query('update pgq.queue set queue_disable_insert = true');
    expect(await database.value('select pgq.maint_retry_events()')).toBe(0);
    await database.query(
      'update pgq.queue set queue_disable_insert = false, queue_per_tx_limit = 1',
    );
    expect(await database.value('select pgq.maint_retry_events()')).toBe(3);
    expect(await database.value('select pgq.maint_delayed_events()')).toBe(3);
    await tick(database);
    expect((await drain(database, 'c')).toSorted()).toEqual([
      'again 1',
      'again 2',
      'again 3',
      'late 1',
      'late 2',
      'late 3',
    ]);
  });

  test('a lease that ends while its event is to come again: the event was handled, or comes, not both', async () => {
    const database = await queueDatabase(server);
    await register(database, 'c');
    for (const data of ['first', 'second']) {
      await database.query(`select pgq.insert_event('q', 't', $1)`, [data]);
    }
    await tick(database);
    const batch = await database.value(`select pgq.next_batch('q', 'c')`);
    const ids = await database.value(
      'select array_agg(ev_id order by ev_id) from pgq.get_batch_events($1)',
      [batch],
    );
    await database.query(
      `select pgq.set_aside_events($1, $2, '{lease,lease}', '{0,0}', '{me,me}')`,
      [batch, ids],
    );
    await database.query('select pgq.finish_batch($1)', [batch]);
    const worker = await database.client();
    await worker.query('begin');
    const ended = `select pgq.end_lease('q', 'c', ($1::bigint[])[1], 'me') as ended`;
    expect((await worker.query(ended, [ids])).rows).toEqual([{ ended: 1 }]);
    expect(await database.value('select pgq.maint_retry_events()')).toBe(1);
    await worker.query('commit');
    expect(await database.value('select pgq.maint_retry_events()')).toBe(0);
    await tick(database);
    expect(await drain(database, 'c')).toEqual(['second']);
    await worker.end();
  });

  test('a limit counts within a transaction and is over with it; a rolled back insert does not count', async () => {
    const database = await queueDatabase(server);
    await database.query('update pgq.queue set queue_per_tx_limit = 2');
    const client = await database.client();
    const insert = `select pgq.insert_event('q', 't', 'd')`;
    await client.query('begin; savepoint one');
    await client.query(insert);
    await client.query('rollback to one');
    await client.query(insert);
    await client.query(insert);
    await expect(client.query(insert)).rejects.toThrow(`Queue 'q' allows max 2 events from one TX`);
    await client.query('rollback');
    await client.query(insert);
    await database.query('update pgq.queue set queue_per_tx_limit = null');
    expect(await state(database)).toBe(16);
    await database.query('select pgq.maint_queue_states()');
    expect(await state(database)).toBe(0);
  });

  test('a limit that is being set is not taken back by maintenance', async () => {
    const database = await queueDatabase(server);
    const client = await database.client();
    await client.query('begin');
    await client.query('update pgq.queue set queue_disable_insert = true');
    await database.query('select pgq.maint_queue_states()');
    await client.query('commit');
    expect(await state(database)).toBe(16);
    await expect(database.query(`select pgq.insert_event('q', 't', 'd')`)).rejects.toThrow(
      'disallowed',
    );
  });

  test('inserts NOTIFY while the ticker sleeps, once a transaction, and not otherwise', async () => {
    const database = await queueDatabase(server);
    const heard: string[] = [];
    const client = await database.client();
    client.on('notification', ({ payload }) => heard.push(payload ?? ''));
    await client.query('listen pgq_wake');
    const ticker = await database.client();
    await ticker.query(becomeTicker);
    await database.query(`select pgq.insert_event('q', 't', 'd')`);
    await database.query('select pgq._set_queue_state(1, 0, 32)');
    await database.query(`select pgq.insert_event('q', 't', 'd') from generate_series(1, 5)`);
    await database.query('select pgq._set_queue_state(1, 32, 0)');
    await database.query(`select pgq.insert_event('q', 't', 'd')`);
    await database.query(`notify pgq_wake, 'end'`);
    await waitFor('the last', async () => heard.includes('end'));
    expect(heard).toEqual(['1', 'end']);
  });

  test('without a ticker nothing is told, and a ticker that starts waits for no transaction', async () => {
    const database = await queueDatabase(server);
    await database.query('select pgq._set_queue_state(1, 0, 32)');
    const writer = await database.client();
    await writer.query('begin');
    await writer.query(`select pgq.insert_event('q', 't', 'd')`);
    const ticker = await database.client();
    await ticker.query(becomeTicker);
    await database.query('select pgq.maint_queue_states()');
    expect(await state(database)).toBe(32);
    await ticker.query('select pg_advisory_unlock_all()');
    await database.query('select pgq.maint_queue_states()');
    expect(await state(database)).toBe(0);
    await writer.query('commit');
  });

  test('a ticker that looks learns of transactions that are still open, and of their end', async () => {
    const database = await queueDatabase(server);
    await register(database, 'c');
    const look = () => database.rows('select ticked, unsettled from pgq.tick_eagerly(array[1])');
    expect(await look()).toEqual([{ ticked: false, unsettled: false }]);
    const writer = await database.client();
    await writer.query('begin');
    await writer.query(`select pgq.insert_event('q', 't', 'open')`);
    expect(await look()).toEqual([{ ticked: true, unsettled: true }]);
    expect(await look()).toEqual([{ ticked: false, unsettled: true }]);
    await writer.query('commit');
    expect(await look()).toEqual([{ ticked: true, unsettled: false }]);
    expect(await look()).toEqual([{ ticked: false, unsettled: false }]);
    expect(await drain(database, 'c')).toEqual(['open']);
  });

  test('scripts that change pgq.subscription and pgq.tick as tables still do', async () => {
    const database = await queueDatabase(server);
    await register(database, 'c');
    const was = await database.rows('select * from pgq.subscription');
    await tick(database);
    await database.query(
      `update pgq.subscription set sub_last_tick = sub_last_tick + 1 where sub_queue = 1`,
    );
    expect(await database.rows('select sub_last_tick::int from pgq.subscription')).toEqual([
      { sub_last_tick: Number(was[0]!['sub_last_tick']) + 1 },
    ]);
    await database.query('delete from pgq.subscription');
    expect(await database.rows('select from pgq.subscription')).toEqual([]);
    await database.query(
      `insert into pgq.subscription (sub_queue, sub_consumer, sub_last_tick)
       select 1, co_id, $1 from pgq.consumer`,
      [was[0]!['sub_last_tick']],
    );
    expect(
      await database.rows('select sub_queue, sub_consumer, sub_last_tick from pgq.subscription'),
    ).toEqual([
      {
        sub_queue: 1,
        sub_consumer: was[0]!['sub_consumer'],
        sub_last_tick: was[0]!['sub_last_tick'],
      },
    ]);
    await database.query(
      'insert into pgq.tick (tick_queue, tick_id, tick_event_seq) values (1, 1000, 1)',
    );
    await database.query('delete from pgq.tick where tick_id = 1000');
  });

  test('names are found among many queues, odd ones too', async () => {
    const database = await queueDatabase(server);
    const names = [
      ...Array.from({ length: 60 }, (_, nr) => `queue ${nr}`),
      '',
      `it's "odd" %s`,
      'ä',
      'Z',
      'a',
    ];
    for (const name of names) await database.query('select pgq.create_queue($1)', [name]);
    for (const name of names) await database.query(`select pgq.insert_event($1, 't', $1)`, [name]);
    for (const name of names) {
      const [queue] = await database.rows(
        'select queue_data_pfx from pgq.queue where queue_name = $1',
        [name],
      );
      expect(
        await database.rows(`select ev_data from ${String(queue!['queue_data_pfx'])}`),
      ).toEqual([{ ev_data: name }]);
    }
    await expect(database.query(`select pgq.insert_event('queue', 't', 'd')`)).rejects.toThrow(
      'No such queue',
    );
  });

  test('a queue goes round its tables', async () => {
    const database = await queueDatabase(server);
    await register(database, 'c');
    for (let round = 0; round < 4; round += 1) {
      await database.query(`select pgq.insert_event('q', 't', $1)`, [String(round)]);
      await tick(database);
      expect(await drain(database, 'c')).toEqual([String(round)]);
      await tick(database);
      await drain(database, 'c');
      await rotate(database);
    }
    expect(await currentTable(database)).toBe(1);
  });
});

async function state(database: TestDatabase): Promise<number> {
  return database.value('select last_value::int from pgq.event_1_state');
}
