import { describe, expect, test } from 'vitest';
import { majors, postgres, type TestDatabase } from '../../kit/index.ts';
import { queueDatabase, register } from './queues.ts';

/** Of which a consumer has none: an event each. */
const ticks = 300;

async function lag(database: TestDatabase): Promise<void> {
  await register(database, 'c');
  await database.query(
    `create procedure fill() language plpgsql as $$ begin
       for i in 1 .. ${ticks} loop
         perform pgq.insert_event('q', 't', i::text); commit;
         perform pgq.tick_eagerly(array[1]); commit;
       end loop;
     end $$`,
  );
  await database.query('call fill()');
}

describe.each(majors)('a consumer that is many ticks behind, on PostgreSQL %i', (major) => {
  const server = postgres(major);

  test('gets as many together as it asks for, one at least, and all in order', async () => {
    const database = await queueDatabase(server);
    await lag(database);
    const step = async (most: number): Promise<number[]> => {
      const { id } = (
        await database.rows<{ id: string | null }>(
          `select batch_id as id from pgq.next_batch_joined('q', 'c', $1)`,
          [most],
        )
      )[0]!;
      if (id === null) return [];
      const again = await database.value(`select pgq.next_batch('q', 'c')`);
      expect(again).toBe(id);
      const rows = await database.rows<{ nr: number }>(
        'select ev_data::int as nr from pgq.get_batch_events($1)',
        [id],
      );
      await database.query('select pgq.finish_batch($1)', [id]);
      return rows.map(({ nr }) => nr);
    };
    const seen = [await step(0), await step(1), await step(50), await step(1000)];
    expect(seen.map((batch) => batch.length)).toEqual([1, 1, 50, 100]);
    for (let rest = await step(1000); rest.length > 0; rest = await step(1000)) seen.push(rest);
    expect(seen.flat()).toEqual(Array.from({ length: ticks }, (_, nr) => nr + 1));
  });

  test('finds the next one without reading the others', async () => {
    const database = await queueDatabase(server);
    const client = await database.client();
    // Whoever comes early has its plans from when there was nothing.
    await client.query(`select pgq.register_consumer('q', 'early')`);
    const work = `
      select pgq.tick_eagerly(array[1]);
      select pgq.batch_event_sql(batch_id) from pgq.next_batch_info('q', 'early') where batch_id is not null;
      select pgq.finish_batch(batch_id) from pgq.next_batch_info('q', 'early') where batch_id is not null`;
    for (let round = 0; round < 10; round++) await client.query(work);
    await lag(database);
    await client.query('begin');
    await client.query(work);
    const { rows } = await client.query(
      `select sum(coalesce(seq_tup_read, 0) + coalesce(idx_tup_fetch, 0))::int as read
         from pg_stat_xact_user_tables where relname in ('tick_log', 'position_log')`,
    );
    await client.query('rollback');
    expect(rows[0]?.['read']).toBeGreaterThan(5);
    expect(rows[0]?.['read']).toBeLessThan(150);
  });
});
