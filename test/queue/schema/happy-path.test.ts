import { describe, expect, test } from 'vitest';
import { installScript } from '../../../src/queue/index.ts';
import { majors, postgres } from '../../kit/index.ts';

describe.each(majors)('on PostgreSQL %i', (major) => {
  const server = postgres(major);

  test('an event reaches a consumer that was registered before it, once', async () => {
    const database = await server.database(installScript());
    await database.query(`select pgq.create_queue('orders')`);
    await database.query(`select pgq.register_consumer('orders', 'mailer')`);
    expect(await database.value(`select pgq.next_batch('orders', 'mailer')`)).toBeNull();

    await database.query(`select pgq.insert_event('orders', 'placed', '{"id":1}')`);
    await database.query(`select pgq.insert_event('orders', 'paid', '2', 'a', 'b', 'c', 'd')`);
    const [queue] = await database.rows<{ queue_id: number }>('select queue_id from pgq.queue');
    const ticks = await database.rows('select * from pgq.tick_eagerly($1)', [[queue!.queue_id]]);
    expect(ticks).toEqual([{ queue_id: queue!.queue_id, ticked: true, unsettled: false }]);

    const batch = await database.value(`select pgq.next_batch('orders', 'mailer')`);
    expect(await database.value(`select pgq.next_batch('orders', 'mailer')`)).toBe(batch);
    const events = await database.rows(
      `select ev_id, ev_retry, ev_type, ev_data, ev_extra1, ev_extra2, ev_extra3, ev_extra4
         from pgq.get_batch_events($1)`,
      [batch],
    );
    expect(events.map(Object.values)).toEqual([
      ['1', null, 'placed', '{"id":1}', null, null, null, null],
      ['2', null, 'paid', '2', 'a', 'b', 'c', 'd'],
    ]);
    expect(await database.value('select pgq.finish_batch($1)', [batch])).toBe(1);
    expect(await database.value('select pgq.finish_batch($1)', [batch])).toBe(0);
    expect(await database.value(`select pgq.next_batch('orders', 'mailer')`)).toBeNull();
  });
});
