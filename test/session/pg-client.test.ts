import { Query, type Client } from 'pg';
import { describe, expect, test, vi } from 'vitest';
import { decisionOf } from '../../src/service/index.ts';
import { createPgClient, createPgPool } from '../../src/session/index.ts';
import { anyMajor, postgres, waitFor } from '../kit/index.ts';

/** pg's types do not know it. */
function cancelBy(idle: Client, busy: Client, query: Query): void {
  const cancel: unknown = Reflect.get(idle, 'cancel');
  if (typeof cancel !== 'function') throw new Error('pg has no cancel any more');
  Reflect.apply(cancel, idle, [busy, query]);
}

describe('a pg client over our connection', () => {
  const server = postgres(anyMajor);

  test('does what pg clients do', async () => {
    const database = await server.database('CREATE TABLE t (id int, text text)');
    const client = createPgClient(database.url, { purpose: 'handler' });
    const heard: string[] = [];
    client.on('notification', ({ payload }) => heard.push(payload ?? ''));
    client.on('notice', ({ message }) => heard.push(message ?? ''));
    await client.connect();
    await client.query('BEGIN');
    await client.query('INSERT INTO public.t VALUES ($1, $2)', [1, 'é']);
    expect(client.getTransactionStatus()).toBe('T');
    await client.query('COMMIT');
    expect(
      (
        await client.query({
          text: 'SELECT * FROM public.t WHERE id = $1',
          values: [1],
          name: 'one',
        })
      ).rows,
    ).toEqual([{ id: 1, text: 'é' }]);
    await expect(client.query('SELECT 1 / 0')).rejects.toMatchObject({ code: '22012' });
    await client.query(
      `LISTEN news; NOTIFY news, 'hello'; DO $$ BEGIN RAISE NOTICE 'look'; END $$`,
    );
    await waitFor('the notification', () => heard.length === 2);
    expect(heard.toSorted()).toEqual(['hello', 'look']);
    const { rows } = await client.query(`SELECT current_setting('application_name') AS name`);
    expect(rows).toEqual([{ name: 'sluice handler' }]);
    await client.end();
  });

  test('asks for another connection, whenever the loss of the first is noticed', async () => {
    const database = await server.database();
    const client = createPgClient(database.url, { purpose: 'test' });
    await client.connect();
    const { rows } = await client.query<{ pid: number }>('SELECT pg_backend_pid() AS pid');
    const waiting = client.query('SELECT pg_sleep(60)').catch((error: unknown) => error);
    const kill = 'SELECT pg_terminate_backend($1)';
    await database.query(kill, [rows[0]!.pid]);
    const late = () => client.query('SELECT 1').catch((error: unknown) => error);
    for (const error of [await waiting, await late(), await late()]) {
      expect(decisionOf(error)).toBe('reconnect');
    }
  });

  test('carries more than the sockets hold, both ways', async () => {
    const client = createPgClient(server.url(), { purpose: 'test' });
    await client.connect();
    const text = 'é'.repeat(4_000_000);
    const { rows } = await client.query('SELECT $1::text AS back, md5($1) = md5($2) AS same', [
      text,
      text,
    ]);
    expect(rows[0].same).toBe(true);
    expect(rows[0].back === text).toBe(true);
    const many = await client.query('SELECT n FROM generate_series(1, 100000) AS n');
    expect(many.rows.at(-1)).toEqual({ n: 100_000 });
    await client.end();
  });

  test('is led by the connection string, not by what pg finds in the environment', async () => {
    vi.stubEnv('PGHOST', 'nowhere.invalid');
    vi.stubEnv('PGSSLMODE', 'verify-full');
    vi.stubEnv('PGOPTIONS', '-c work_mem=7MB');
    const client = createPgClient(`${server.url()}?sslmode=disable&options=-c%20work_mem%3D9MB`);
    await client.connect();
    expect((await client.query('SHOW work_mem')).rows).toEqual([{ work_mem: '9MB' }]);
    await client.end();
  });

  test('in a pool is one of at most so many, and all are gone at its end', async () => {
    const database = await server.database();
    const pool = createPgPool(database.url, { purpose: 'pool', max: 3, idleTimeoutMs: 1000 });
    const pids = await Promise.all(
      Array.from(
        { length: 30 },
        async () => (await pool.query('SELECT pg_backend_pid() AS pid')).rows[0].pid,
      ),
    );
    expect(new Set(pids).size).toBeLessThanOrEqual(3);
    await pool.end();
    await waitFor('the connections to end', async () => {
      const count = await database.value(
        `SELECT count(*)::int FROM pg_stat_activity WHERE application_name = 'sluice pool'`,
      );
      return count === 0;
    });
  });

  test('in a pool is replaced when its connection breaks', async () => {
    const database = await server.database();
    const pool = createPgPool(database.url, { purpose: 'pool', max: 1 });
    const { rows } = await pool.query('SELECT pg_backend_pid() AS pid');
    await database.query('SELECT pg_terminate_backend($1)', [rows[0].pid]);
    await waitFor('the pool to notice', () => pool.totalCount === 0);
    expect((await pool.query('SELECT 1 AS one')).rows).toEqual([{ one: 1 }]);
    await pool.end();
  });

  test('cancels the query of another one, as pg does it: by a client that is not connected', async () => {
    const client = createPgClient(server.url(), { purpose: 'busy' });
    await client.connect();
    const { promise: ended, resolve } = Promise.withResolvers<Error>();
    const query = new Query('SELECT pg_sleep(600)');
    query.on('error', resolve);
    client.query(query);
    const database = await server.database();
    const statesOf = (purpose: string) =>
      database.value(
        `SELECT coalesce(string_agg(state, ','), '') FROM pg_stat_activity WHERE application_name = 'sluice ${purpose}'`,
      );
    await waitFor('the query to run', async () => (await statesOf('busy')) === 'active');
    cancelBy(createPgClient(server.url(), { purpose: 'cancels' }), client, query);
    expect(await ended).toMatchObject({ code: '57014' });
    await waitFor('its connection to end', async () => (await statesOf('cancels')) === '');
    expect((await client.query('SELECT 1 AS one')).rows).toEqual([{ one: 1 }]);
    await client.end();
  });

  test('stops connecting when its signal says so', async () => {
    const abort = new AbortController();
    const client = createPgClient(server.url(), { signal: abort.signal });
    const connecting = client.connect();
    abort.abort(new Error('no longer needed'));
    await expect(connecting).rejects.toThrow('no longer needed');
  });
});
