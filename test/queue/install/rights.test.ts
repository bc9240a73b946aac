import type { Client } from 'pg';
import { describe, expect, test } from 'vitest';
import { installQueue, installScript } from '../../../src/queue/index.ts';
import { majors, postgres, type TestDatabase } from '../../kit/index.ts';
import { hasOriginal } from '../schema/original.ts';

describe.each(majors)('on PostgreSQL %i', (major) => {
  const server = postgres(major);

  test('an owner who is no superuser installs and works; roles that he may not make are named', async () => {
    const database = await server.database('', { name: `owned_${major}` });
    await dropRoles(database);
    await database.query(
      `create role app_owner login; alter database owned_${major} owner to app_owner`,
    );
    const client = await database.client();
    await client.query('set role app_owner');
    expect(await installQueue(client)).toEqual({
      before: 'nothing',
      missingRoles: ['pgq_reader', 'pgq_writer', 'pgq_admin'],
    });
    await useQueue(client);
    expect(await installQueue(client)).toMatchObject({ before: 'ours' });
    await client.query('reset role');
    await database.query(
      `alter database owned_${major} owner to postgres; drop owned by app_owner cascade; drop role app_owner`,
    );
  });

  test('who may not create schemas is told so', async () => {
    const database = await server.database();
    const client = await database.client();
    await client.query('create role nobody_special; set role nobody_special');
    await expect(installQueue(client)).rejects.toMatchObject({
      code: 'QUEUE_INSTALL_RIGHTS',
      decision: 'fix',
    });
    await client.query('reset role; drop role nobody_special');
  });

  test('several install at the same time', async () => {
    const database = await server.database();
    const clients = await Promise.all([1, 2, 3].map(() => database.client()));
    const installed = await Promise.all(clients.map((client) => installQueue(client)));
    expect(installed.map(({ before }) => before).toSorted()).toEqual(['nothing', 'ours', 'ours']);
  });

  test('an upgrade keeps queues, grants and what inserts are to do', async () => {
    const database = await server.database(installScript());
    const client = await database.client();
    await database.query(`
      select pgq.create_queue('q');
      create role granted_directly;
      grant execute on function pgq.insert_event(text, text, text, text, text, text, text) to granted_directly`);
    await database.query('select pgq._set_queue_state(1, 0, 32)');
    await installQueue(client);
    expect(await database.value('select last_value::int from pgq.event_1_state')).toBe(32);
    await client.query('set role granted_directly');
    const sql = `select pgq.insert_event('q', 't', 'd', null, null, null, null) as id`;
    expect((await client.query(sql)).rows).toEqual([{ id: '1' }]);
    await client.query('reset role');
    await database.query('drop owned by granted_directly; drop role granted_directly');
  });

  test.skipIf(!hasOriginal(major))(
    'each role may call what it may of the original, and nothing else',
    async () => {
      const original = await server.database('create extension pgq');
      const ours = await server.database(installScript());
      const rights = `
      select r as role, p.oid::regprocedure::text as callee, has_function_privilege(r, p.oid, 'execute') as may
        from pg_proc p, unnest(array['pgq_reader', 'pgq_writer', 'pgq_admin', 'stranger']) r
       where p.pronamespace = 'pgq'::regnamespace order by 2, 1`;
      const tables = `
      select r as role, t as table, p as privilege, has_table_privilege(r, 'pgq.' || t, p) as may
        from unnest(array['pgq_reader', 'pgq_writer', 'pgq_admin', 'stranger']) r,
             unnest(array['queue', 'consumer', 'tick', 'subscription', 'retry_queue', 'event_template', 'event_1', 'event_1_0']) t,
             unnest(array['select', 'insert', 'update', 'delete', 'truncate']) p order by 1, 2, 3`;
      await original.query('create role stranger');
      for (const database of [original, ours]) await database.query(`select pgq.create_queue('q')`);
      expect(await ours.rows(tables)).toEqual(await original.rows(tables));
      const wanted = await original.rows(rights);
      const given = new Map(
        (await ours.rows(rights)).map((row) => [
          `${String(row['role'])} ${String(row['callee'])}`,
          row['may'],
        ]),
      );
      for (const { role, callee, may } of wanted) {
        expect([role, callee, given.get(`${String(role)} ${String(callee)}`)]).toEqual([
          role,
          callee,
          may,
        ]);
      }
      await original.query('drop role stranger');
    },
  );

  test('a reader consumes, a writer publishes, an admin maintains', async () => {
    const database = await server.database(installScript());
    const client = await database.client();
    const as = async (role: string, ...statements: string[]): Promise<void> => {
      await client.query(`set role ${role}`);
      for (const statement of statements) await client.query(statement);
      await client.query('reset role');
    };
    await as('pgq_admin', `select pgq.create_queue('q')`);
    await as('pgq_reader', `select pgq.register_consumer('q', 'c')`);
    await as(
      'pgq_writer',
      `select pgq.insert_event('q', 't', 'd')`,
      `select pgq.insert_event_at('q', now(), 't', 'd')`,
      `select pgq.insert_event_unique('q', 'k', '1 h', 't', 'd')`,
      `select pgq.current_event_table('q')`,
    );
    await as('pgq_admin', `select pgq.tick_eagerly(array[1])`, `select pgq.ticker()`);
    await as(
      'pgq_reader',
      `select pgq.next_batch('q', 'c')`,
      `select * from pgq.get_batch_events(1)`,
      `select pgq.event_retry(1, 1, 0)`,
      `select pgq.batch_retry(1, 0)`,
      `select * from pgq.get_batch_info(1)`,
      `begin`,
      `select * from pgq.get_batch_cursor(1, 'c', 1)`,
      `commit`,
      `select pgq.finish_batch(1)`,
      `select * from pgq.get_consumer_info()`,
      `select * from pgq.get_queue_info()`,
      `select pgq.unregister_consumer('q', 'c')`,
    );
    await as(
      'pgq_admin',
      `select pgq.insert_event_raw('q', null, null, null, null, 't', 'd', null, null, null, null)`,
      `select * from pgq.maint_operations()`,
      `select pgq.maint_rotate_tables_step1('q')`,
      `select pgq.maint_rotate_tables_step2()`,
      `select pgq.maint_queue_states()`,
      `select pgq.maint_compact('tick_log')`,
      `select pgq.maint_retry_events()`,
      `select pgq.maint_delayed_events()`,
      `select pgq.next_due()`,
      `update pgq.subscription set sub_active = now()`,
      `update pgq.queue set queue_per_tx_limit = 5`,
      `select pgq.set_queue_config('q', 'ticker_max_count', '7')`,
      `select pgq.drop_queue('q')`,
    );
    await client.query('set role pgq_writer');
    await expect(client.query('select pgq.next_batch($1, $1)', ['q'])).rejects.toMatchObject({
      code: '42501',
    });
    await client.query('set role pgq_reader');
    await expect(client.query(`select pgq.insert_event('q', 't', 'd')`)).rejects.toMatchObject({
      code: '42501',
    });
    await client.query('reset role');
  });
});

async function useQueue(client: Client): Promise<void> {
  await client.query(`select pgq.create_queue('q')`);
  await client.query(`select pgq.register_consumer('q', 'c')`);
  await client.query(`select pgq.insert_event('q', 't', 'd')`);
  await client.query('select pgq.tick_eagerly(array[1])');
  const { rows } = await client.query(
    `select ev_data from pgq.next_batch('q', 'c') batch, pgq.get_batch_events(batch)`,
  );
  expect(rows).toEqual([{ ev_data: 'd' }]);
  await client.query('select pgq.finish_batch(1)');
}

async function dropRoles(database: TestDatabase): Promise<void> {
  await database.query('drop role if exists pgq_admin, pgq_writer, pgq_reader');
}
