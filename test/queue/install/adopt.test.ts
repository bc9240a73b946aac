import { describe, expect, test } from 'vitest';
import { installQueue } from '../../../src/queue/index.ts';
import { postgres, waitFor, type TestDatabase } from '../../kit/index.ts';
import { hasOriginal } from '../schema/original.ts';
import { drain, tick } from '../schema/queues.ts';

const original = `
  create extension pgq;
  select pgq.create_queue('q');
  select pgq.create_queue('other');
  select pgq.set_queue_config('q', 'rotation_period', '0 seconds');`;

describe.skipIf(!hasOriginal(15))(
  'the original on PostgreSQL 15 (Debian: postgresql-15-pgq3)',
  () => {
    const server = postgres(15);

    test.each(['extension', 'unpackaged'] as const)(
      '%s: everything goes on where it was',
      async (kind) => {
        const database = await server.database(original);
        if (kind === 'unpackaged') await unpack(database);
        await database.query(
          `select pgq.register_consumer('q', 'open'), pgq.register_consumer('q', 'behind')`,
        );
        await database.query(
          `select pgq.insert_event('q', 'type', 'event ' || nr) from generate_series(1, 5) nr`,
        );
        await tick(database);
        const batch = await database.value(`select pgq.next_batch('q', 'open')`);
        await database.query('select pgq.event_retry($1, 3, 0)', [batch]);
        await database.query(
          `update pgq.queue set queue_per_tx_limit = 1 where queue_name = 'other'`,
        );
        await database.query(`select pgq.insert_event('q', 'type', 'not ticked')`);
        const before = await stateOf(database);

        expect(await installQueue(await database.client())).toEqual({
          before: kind,
          missingRoles: [],
        });

        expect(await stateOf(database)).toEqual(before);
        expect(
          await database.value(`select count(*)::int from pg_extension where extname = 'pgq'`),
        ).toBe(0);
        await database.query(`select pgq.insert_event('q', 'type', 'after')`);
        await tick(database);
        const events = Array.from({ length: 5 }, (_, nr) => `event ${nr + 1}`);
        expect(await drain(database, 'behind')).toEqual([...events, 'not ticked', 'after']);
        expect(await database.value(`select pgq.next_batch('q', 'open')`)).toBe(batch);
        expect(await drain(database, 'open')).toEqual([...events, 'not ticked', 'after']);
        await database.query('select pgq.maint_retry_events()');
        await tick(database);
        expect(await drain(database, 'open')).toEqual(['event 3']);
        expect(await drain(database, 'behind')).toEqual([]);
        await expect(
          database.query(
            `select pgq.insert_event('other', 't', nr::text) from generate_series(1, 2) nr`,
          ),
        ).rejects.toThrow(`Queue 'other' allows max 1 events from one TX`);
        expect(await installQueue(await database.client())).toMatchObject({ before: 'ours' });
      },
    );

    test('producers and consumers at work wait for a moment and go on', async () => {
      const database = await server.database(original);
      await database.query(`select pgq.register_consumer('q', 'c')`);
      const work = { isDone: false, inserted: 0 };
      const producing = [1, 2].map(async (nr) => {
        const client = await database.client();
        for (let event = 0; !work.isDone; event += 1) {
          await client.query(`select pgq.insert_event('q', 'type', $1)`, [`${nr} ${event}`]);
          work.inserted += 1;
        }
      });
      const handled: string[] = [];
      const consuming = (async () => {
        while (!work.isDone) {
          await tick(database);
          handled.push(...(await drain(database, 'c')));
        }
      })();
      await waitFor('events before', async () => handled.length > 50);
      await installQueue(await database.client());
      const atInstall = work.inserted;
      await waitFor('events after', async () => work.inserted > atInstall + 50);
      work.isDone = true;
      await Promise.all([...producing, consuming]);
      await tick(database);
      handled.push(...(await drain(database, 'c')));
      expect(handled).toHaveLength(work.inserted);
      expect(new Set(handled).size).toBe(work.inserted);
    });

    test('transactions from before see it through', async () => {
      const database = await server.database(original);
      await database.query(`select pgq.register_consumer('q', 'c')`);
      const writer = await database.client();
      await writer.query('begin isolation level repeatable read');
      await writer.query(`select pgq.insert_event('q', 'type', 'before')`);
      const reader = await database.client();
      await reader.query('begin isolation level repeatable read');
      await reader.query('select count(*) from pgq.queue');

      await installQueue(await database.client());

      await writer.query(`select pgq.insert_event('q', 'type', 'after')`);
      await writer.query('commit');
      await expect(reader.query(`select pgq.next_batch('q', 'c')`)).rejects.toMatchObject({
        code: '40001',
      });
      await tick(database);
      expect(await drain(database, 'c')).toEqual(['before', 'after']);
    });

    test('a transaction that holds a position is waited for, not for long, and nothing is changed', async () => {
      const database = await server.database(original);
      const consumer = await database.client();
      await consumer.query('begin');
      await consumer.query('lock table pgq.subscription in row exclusive mode');
      const installing = installQueue(await database.client());
      await expect(installing).rejects.toMatchObject({
        code: 'QUEUE_INSTALL_BUSY',
        decision: 'retry',
      });
      expect(
        await database.value(`select count(*)::int from pg_extension where extname = 'pgq'`),
      ).toBe(1);
      await consumer.query('rollback');
    });

    test('a view of somebody is named, and nothing is changed', async () => {
      const database = await server.database(original);
      await database.query('create view public.mine as select * from pgq.subscription');
      await expect(installQueue(await database.client())).rejects.toMatchObject({
        code: 'QUEUE_ADOPT_DEPENDENTS',
        details: { evidence: expect.stringContaining('view mine') },
      });
      expect(
        await database.value(`select count(*)::int from pg_extension where extname = 'pgq'`),
      ).toBe(1);
    });

    test('who does not own it may not take it', async () => {
      const database = await server.database(original);
      const client = await database.client();
      await client.query('create role stranger; set role stranger');
      await expect(installQueue(client)).rejects.toMatchObject({ code: 'QUEUE_INSTALL_RIGHTS' });
      await client.query('reset role; drop role stranger');
    });

    test('pgq_node goes on upon ours', async () => {
      const database = await server.database(`${original} create extension pgq_node;`);
      await installQueue(await database.client());
      const call = async (sql: string): Promise<unknown> =>
        (await database.rows(sql))[0]!['ret_code'];
      expect(
        await call(`select * from pgq_node.register_location('q', 'n', 'dbname=x', false)`),
      ).toBe(200);
      expect(
        await call(`select * from pgq_node.create_node('q', 'root', 'n', 'w', null, null, null)`),
      ).toBe(200);
      expect(await call(`select * from pgq_node.get_node_info('q')`)).toBe(100);
      expect(await database.rows('select * from pgq.maint_operations()')).toContainEqual({
        func_name: 'pgq_node.maint_watermark',
        func_arg: 'q',
      });
      await database.query(`select pgq_node.maint_watermark('q')`);
    });
  },
);

/** As an installation from before there were extensions: the same objects, in no extension. */
async function unpack(database: TestDatabase): Promise<void> {
  await database.query(`
    do $$ declare member record; begin
      for member in
        select i.type, i.identity from pg_depend d, pg_identify_object(d.classid, d.objid, d.objsubid) i
         where d.refclassid = 'pg_extension'::regclass and d.deptype = 'e'
           and d.refobjid = (select oid from pg_extension where extname = 'pgq')
      loop
        execute format('alter extension pgq drop %s %s', member.type, member.identity);
      end loop;
    end $$;
    drop extension pgq`);
}

async function stateOf(database: TestDatabase): Promise<unknown> {
  return {
    queues: await database.rows('select * from pgq.queue order by queue_id'),
    consumers: await database.rows('select * from pgq.consumer order by co_id'),
    subscriptions: await database.rows('select * from pgq.subscription order by sub_id'),
    ticks: await database.rows('select * from pgq.tick order by tick_queue, tick_id'),
    retried: await database.rows('select * from pgq.retry_queue'),
    info: await database.rows('select queue_name, ev_new, last_tick_id from pgq.get_queue_info()'),
  };
}
