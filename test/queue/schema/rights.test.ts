import { expect, test } from 'vitest';
import { installScript } from '../../../src/queue/index.ts';
import { anyMajor, postgres, type TestDatabase } from '../../kit/index.ts';

const server = postgres(anyMajor);

/** A role of pgq_writer with an operator of its own, which notes who has run it. */
async function asGuest(
  db: TestDatabase,
  work: (query: (sql: string) => Promise<unknown>) => Promise<void>,
): Promise<void> {
  await db.query(
    'create role queue_guest; grant pgq_writer to queue_guest; create schema own authorization queue_guest',
  );
  const client = await db.client();
  await client.query(`
    set role queue_guest;
    create table own.ran_as (role text);
    create function own.equal(text, text) returns boolean language plpgsql as
      'begin insert into own.ran_as values (current_user); return true; end';
    create operator own.= (leftarg = text, rightarg = text, function = own.equal);
    set search_path = own, pg_catalog`);
  try {
    await work((sql) => client.query(sql));
  } finally {
    await client.query(
      'reset role; reset search_path; drop owned by queue_guest cascade; drop role queue_guest',
    );
    await client.end();
  }
}

const insert = (queue: string): string =>
  `select pgq.insert_event('${queue}', 't', 'd', null, null, null, null)`;

test('who inserts runs nothing of his own with the rights of the owner', async () => {
  const db = await server.database(installScript());
  await db.query(`select pgq.create_queue('q')`);
  await asGuest(db, async (query) => {
    await query(insert('q'));
    await expect(query(insert('none'))).rejects.toThrow('No such queue');
    expect(await db.value(`select count(*)::int from own.ran_as where role <> 'queue_guest'`)).toBe(
      0,
    );
  });
});

test('every function with the rights of the owner has its own search path, but one of qualified names', async () => {
  const db = await server.database(installScript());
  const open = await db.rows(`
    select p.proname::text as name
      from pg_proc p
     where p.pronamespace::regnamespace::text ~ '^pgq'
       and p.prosecdef
       and not exists (select from unnest(p.proconfig) c where c ~ '^search_path=')`);
  expect(open).toEqual([{ name: 'insert_event' }]);
});
