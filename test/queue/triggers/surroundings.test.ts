import { Client } from 'pg';
import { describe, expect, test } from 'vitest';
import { installScript } from '../../../src/queue/index.ts';
import { majors, postgres, type TestDatabase } from '../../kit/index.ts';
import { recordingDatabase, takeRecorded, type Recorded } from './triggers.ts';

const trigger = (table: string, name: string, ...options: string[]): string => `
  create or replace trigger t after insert or update or delete on ${table}
    for each row execute function pgq.${name}(${['q', ...options].map((each) => `'${each}'`).join(', ')})`;

async function sent(
  database: TestDatabase,
  sql: string,
  client?: Client,
): Promise<(string | null)[]> {
  const on = client ?? (await database.client());
  await on.query(sql);
  return (await takeRecorded(on)).flatMap(([type, data]: Recorded) => [type ?? null, data ?? null]);
}

describe.each(majors)('on PostgreSQL %i', (major) => {
  const server = postgres(major);

  test('an event of a trigger reaches a consumer, from whoever may write to the queue', async () => {
    const database = await server.database(installScript());
    await database.query(`select pgq.create_queue('q'), pgq.register_consumer('q', 'c')`);
    await database.query(`create table t (id int primary key); ${trigger('t', 'logutriga')}`);
    await database.query(`create role clerk${major}; grant insert on t to clerk${major}`);
    await database.query(`set role clerk${major}`);
    await expect(database.query('insert into t values (1)')).rejects.toThrow(
      expect.objectContaining({ code: '42501' }),
    );
    await database.query(`reset role; grant pgq_writer to clerk${major}; set role clerk${major}`);
    await database.query('insert into t values (1)');
    await database.query('reset role');
    await database.query(`select pgq.force_tick('q')`);
    await database.query('select pgq.ticker()');
    const batch = await database.value(`select pgq.next_batch('q', 'c')`);
    const events = await database.rows(
      'select ev_type, ev_data, ev_extra1 from pgq.get_batch_events($1)',
      [batch],
    );
    expect(events).toEqual([{ ev_type: 'I:id', ev_data: 'id=1', ev_extra1: 'public.t' }]);
    await database.query(`drop owned by clerk${major}; drop role clerk${major}`);
  });

  test('a table that another session changes is sent as it is', async () => {
    const database = await recordingDatabase(server);
    const other = await database.client();
    await database.query(
      `create table t (id int primary key, a int); ${trigger('t', 'jsontriga')}`,
    );
    expect(await sent(database, 'insert into t values (1, 2)', other)).toHaveLength(2);
    await database.query('alter table t rename a to b; alter table t add c bool default true');
    const [, data] = await sent(database, 'update t set b = 3', other);
    expect(data).toBe('{"id":1,"b":3,"c":true}');
  });

  test.each(['logutriga', 'jsontriga', 'sqltriga'])(
    'a snapshot from before the table was changed is refused by %s, to be repeated',
    async (name) => {
      const database = await recordingDatabase(server);
      await database.query(`create table t (id int primary key, a int); ${trigger('t', name)}`);
      const old = await database.client();
      await old.query('begin isolation level repeatable read; select 1');
      await database.query('alter table t rename a to b');
      await expect(old.query('insert into t values (1, 2)')).rejects.toThrow(
        expect.objectContaining({ code: '40001' }),
      );
      await old.query('rollback; begin isolation level repeatable read');
      await old.query('insert into t values (1, 2)');
      await old.query('commit');
      expect(await takeRecorded(old)).toHaveLength(1);
    },
  );

  test('the key is that of the index now: under its new name, without included columns', async () => {
    const database = await recordingDatabase(server);
    await database.query(
      `create table t (a int, b text, c int, primary key (b) include (a));
       alter table t rename b to d; ${trigger('t', 'sqltriga')}`,
    );
    await sent(database, "insert into t values (1, 'x', 2)");
    expect(await sent(database, 'update t set a = 7')).toEqual(['U', "a='7' where d='x'"]);
    await database.query(trigger('t', 'logutriga'));
    expect(await sent(database, 'delete from t')).toEqual(['D:d', 'a=7&d=x&c=2']);
  });

  test('a change of the key is refused whatever else has changed', async () => {
    const database = await recordingDatabase(server);
    await database.query(
      `create table t (a int, id int primary key, b int);
       insert into t values (1, 2, 3); ${trigger('t', 'logutriga', 'ignore=b')}`,
    );
    await expect(database.query('update t set a = 5, id = 6')).rejects.toThrow(
      'primary key update not allowed',
    );
  });

  test('sqltriga refuses to send a statement that would meet every row', async () => {
    const database = await recordingDatabase(server);
    await database.query(
      `create table t (id int); insert into t values (1); ${trigger('t', 'sqltriga', 'pkey=nosuch')}`,
    );
    await expect(database.query('delete from t')).rejects.toThrow('Unexpected NULL key value');
  });

  test('expressions may write columns as SQL does', async () => {
    const database = await recordingDatabase(server);
    await database.query(
      `create table t (id int primary key, "A b" text);
       ${trigger('t', 'logutriga', 'ev_type="A b" || t.id', "ev_data=ID || ''id'' || E''\\''id''")}`,
    );
    expect(await sent(database, "insert into t values (1, 'x')")).toEqual(['x1', "1id'id"]);
  });

  test.each([
    ['LATIN1', 'Ä b', 'I:id', 'id=%c4+b'],
    ['SQL_ASCII', 'Ä b', 'I:id', 'id=%c3%84+b'],
    ['EUC_JP', '日', 'I:id', 'id=%c6%fc'],
  ])('in %s the bytes are those of the database', async (encoding, value, type, data) => {
    const name = `in_${encoding.toLowerCase()}`;
    await server.query(
      `create database ${name} encoding '${encoding}' template template0 locale 'C' ${
        major >= 17 ? "locale_provider 'libc'" : ''
      }`,
    );
    const client = new Client({ connectionString: server.url(name) });
    await client.connect();
    try {
      await client.query("set client_encoding to 'UTF8'");
      await client.query(installScript());
      await client.query(
        `create table recorded (type text, data text);
         create or replace function pgq.insert_event(queue_name text, ev_type text, ev_data text,
           ev_extra1 text, ev_extra2 text, ev_extra3 text, ev_extra4 text)
         returns bigint language sql as 'insert into public.recorded values ($2, $3) returning 1::bigint';
         create table t (id text primary key); ${trigger('t', 'logutriga')}`,
      );
      await client.query(`insert into t values ('${value}')`);
      const { rows } = await client.query('select * from recorded');
      expect(rows).toEqual([{ type, data }]);
    } finally {
      await client.end();
      await server.query(`drop database ${name}`);
    }
  });

  test('a session with old-style strings gets the same', async () => {
    const database = await recordingDatabase(server);
    const client = await database.client();
    await client.query(`create table t (id int primary key, a text); ${trigger('t', 'logutriga')}`);
    await client.query('set standard_conforming_strings to off; set search_path to pg_catalog');
    await client.query("insert into public.t values (1, chr(92) || '\"' || chr(10))");
    expect(await takeRecorded(client)).toEqual([
      ['I:id', 'id=1&a=%5c%22%0a', 'public.t', null, null, null],
    ]);
  });

  test('a long text of a thousand different characters is what JavaScript makes of it', async () => {
    const database = await recordingDatabase(server);
    await database.query(`create table t (id text); ${trigger('t', 'logutriga')}`);
    const codes = Array.from({ length: 20_000 }, (_, nr) => 1 + ((nr * 7) % 0xd7ff));
    const text = String.fromCodePoint(...codes);
    await database.query('insert into t values ($1)', [text]);
    const [event] = await takeRecorded(await database.client());
    const expected = encodeURIComponent(text)
      .replaceAll(/[!'()*~]/g, (char) => `%${char.codePointAt(0)!.toString(16)}`)
      .replaceAll(/%[0-9A-F]{2}/g, (byte) => byte.toLowerCase())
      .replaceAll('%20', '+');
    expect(event![1]).toBe(`id=${expected}`);
  });
});

describe.runIf(majors.includes(18))('on PostgreSQL 18', () => {
  const server = postgres(18);

  test('virtual columns, whose values no trigger sees, are left out', async () => {
    const database = await recordingDatabase(server);
    await database.query(
      `create table t (id int primary key, a int, v int generated always as (a * 2) virtual,
         s int generated always as (a * 3) stored); ${trigger('t', 'jsontriga')}`,
    );
    expect(await sent(database, 'insert into t values (1, 2)')).toContain('{"id":1,"a":2,"s":6}');
    await database.query(trigger('t', 'sqltriga'));
    expect(await sent(database, 'update t set a = 3')).toEqual(['U', "a='3',s='9' where id='1'"]);
  });
});
