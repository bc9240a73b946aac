import { beforeAll, describe, expect, test, vi } from 'vitest';
import type { Client } from 'pg';
import type { MessageWriter } from '../../src/wire/index.ts';
import { postgres, waitFor, type TestDatabase } from '../kit/index.ts';
import { lineTo } from '../cli/pool-process.ts';
import { speakTls } from '../session/server-files.ts';
import { isRunning, RestartingPool } from './restarting-pool.ts';

// Several processes start in each test; a busy machine takes its time for that.
vi.setConfig({ testTimeout: 240_000 });
const server = postgres();

/** Does one commit after the other until it is told to stop; each is a row of its own. */
async function keepCommitting(client: Client, who: number, isOver: () => boolean): Promise<number> {
  let done = 0;
  for (; !isOver(); done++) {
    await client.query('BEGIN');
    await client.query({
      name: 'note',
      text: 'INSERT INTO ledger VALUES ($1, $2)',
      values: [who, done],
    });
    await client.query('COMMIT');
  }
  return done;
}

/** Rows in the ledger, by who wrote them. */
async function committed(database: TestDatabase): Promise<number[]> {
  const { rows } = await database.query(
    'SELECT count(*)::int AS n FROM ledger GROUP BY who ORDER BY who',
  );
  return rows.map(({ n }) => Number(n));
}

function execute(name: string): (writer: MessageWriter) => unknown {
  return (writer) => writer.bind('', name, []).execute('').sync();
}

/** A pool in transaction mode, with a table for what is committed. */
async function startPool(
  settings: Readonly<Record<string, string | number>> = {},
  behind = server,
): Promise<{ pool: RestartingPool; database: TestDatabase }> {
  const database = await behind.database(
    'CREATE TABLE ledger (who int, n int, PRIMARY KEY (who, n))',
  );
  const pool = await RestartingPool.start({ databases: { app: lineTo(database) }, settings });
  return { pool, database };
}

describe('clients of a pool that is restarted by -R', () => {
  test('under load lose nothing, do nothing twice, and are not disconnected', async () => {
    const { pool, database } = await startPool({ default_pool_size: 4 });
    const first = await pool.pid();
    const clients = await Promise.all(Array.from({ length: 20 }, () => pool.client()));
    let isOver = false;
    const working = Promise.all(
      clients.map((client, who) => keepCommitting(client, who, () => isOver)),
    );
    await waitFor('some work', async () => {
      const [row] = (await database.query('SELECT count(*)::int AS n FROM ledger')).rows;
      return Number(row?.['n']) > 200;
    });
    const second = await pool.restarted();
    await pool.ended(first);
    const third = await pool.restarted();
    await pool.ended(second);
    isOver = true;
    const done = await working;
    expect(await pool.pid()).toBe(third);
    expect(await committed(database)).toEqual(done);
    expect((await pool.show('CLIENTS')).filter((row) => row['database'] === 'app')).toHaveLength(
      20,
    );
    expect((await pool.show('SERVERS')).length).toBeLessThanOrEqual(4);
    const [stats] = (await pool.show('STATS_TOTALS')).filter((row) => row['database'] === 'app');
    const commits = done.reduce((sum, n) => sum + n, 0);
    expect(Number(stats?.['xact_count'])).toBe(commits);
    expect(await pool.log()).not.toMatch(/"level":"error"/);
  });

  test('go on inside a transaction, on the same backend', async () => {
    const { pool } = await startPool();
    const client = await pool.client();
    await client.query('BEGIN');
    await client.query('SET LOCAL work_mem = 77');
    const [before] = (await client.query('SELECT pg_backend_pid() AS pid')).rows;
    const first = await pool.pid();
    await pool.restarted();
    await pool.ended(first);
    const { rows } = await client.query(
      "SELECT pg_backend_pid() AS pid, current_setting('work_mem') AS mem",
    );
    expect(rows).toEqual([{ ...before, mem: '77kB' }]);
    await client.query('COMMIT');
    expect(await pool.show('POOLS')).toContainEqual(
      expect.objectContaining({ database: 'app', cl_active: 1, sv_idle: 1, sv_active: 0 }),
    );
  });

  test('keep what they have prepared, named and without a name', async () => {
    const { pool } = await startPool({ default_pool_size: 1 });
    const client = await pool.pipeline();
    await client.ask((w) => w.parse('mine', 'SELECT 1').parse('', 'SELECT 2').sync());
    await client.ask((w) => w.query("PREPARE told AS SELECT 'three'"));
    const first = await pool.pid();
    await pool.restarted();
    await pool.ended(first);
    const other = await pool.pipeline();
    await other.ask((w) => w.parse('mine', 'SELECT 4').parse('', 'SELECT 5').sync());
    expect(await client.ask(execute('mine'))).toEqual(['2', 'D:1', 'C:SELECT 1', 'Z:I']);
    expect(await client.ask((w) => w.query('EXECUTE told'))).toContain('D:three');
    expect(await other.ask(execute('mine'))).toEqual(['2', 'D:4', 'C:SELECT 1', 'Z:I']);
  });

  test('keep their session: temporary table, settings, advisory lock, LISTEN', async () => {
    const { pool, database } = await startPool({ pool_mode: 'session' });
    const client = await pool.client();
    const heard: (string | undefined)[] = [];
    client.on('notification', ({ payload }) => heard.push(payload));
    await client.query('CREATE TEMP TABLE mine AS SELECT 1 AS n');
    await client.query("SET search_path = 'pg_temp'; SET TimeZone = 'Asia/Tokyo'");
    await client.query('SELECT pg_advisory_lock(7); LISTEN news');
    const first = await pool.pid();
    await pool.restarted();
    await pool.ended(first);
    await database.query("NOTIFY news, 'heard'");
    const { rows } = await client.query(
      "SELECT n, current_setting('search_path') AS path, current_setting('TimeZone') AS zone FROM mine",
    );
    expect(rows).toEqual([{ n: 1, path: 'pg_temp', zone: 'Asia/Tokyo' }]);
    expect(heard).toEqual(['heard']);
    const [lock] = (await database.query('SELECT pg_try_advisory_lock(7) AS got')).rows;
    expect(lock).toEqual({ got: false });
  });

  test('wait on for a server where they stood in the queue', async () => {
    const { pool } = await startPool({ default_pool_size: 1 });
    const holder = await pool.client();
    await holder.query('BEGIN');
    const order: string[] = [];
    const waiter = async (name: string): Promise<void> => {
      const client = await pool.client();
      await client.query(`SELECT '${name}'`);
      order.push(name);
    };
    const waiting: Promise<void>[] = [];
    for (const [i, name] of ['one', 'two', 'three'].entries()) {
      waiting.push(waiter(name));
      await waitFor('it to wait', async () => {
        const [row] = (await pool.show('POOLS')).filter(({ database }) => database === 'app');
        return row?.['cl_waiting'] === i + 1;
      });
    }
    const first = await pool.pid();
    await pool.restarted();
    await pool.ended(first);
    expect((await pool.show('POOLS')).find(({ database }) => database === 'app')).toMatchObject({
      cl_waiting: 3,
      sv_active: 1,
    });
    await holder.query('COMMIT');
    await Promise.all(waiting);
    expect(order).toEqual(['one', 'two', 'three']);
  });

  test('keep the settings that follow them from server to server', async () => {
    const { pool } = await startPool({ default_pool_size: 2 });
    const client = await pool.client();
    await client.query("SET DateStyle = 'German'");
    const first = await pool.pid();
    await pool.restarted();
    await pool.ended(first);
    const holder = await pool.client();
    await holder.query('BEGIN');
    expect((await client.query('SHOW DateStyle')).rows).toEqual([{ DateStyle: 'German, DMY' }]);
    expect((await holder.query('SHOW DateStyle')).rows).toEqual([{ DateStyle: 'ISO, MDY' }]);
  });
});

describe('clients of servers that speak TLS', () => {
  const encrypted = postgres();

  beforeAll(() => speakTls(encrypted));

  test('go when they have none, a hundred under load; the others when their transaction is over', async () => {
    const { pool, database } = await startPool(
      { default_pool_size: 4, max_client_conn: 200, server_tls_sslmode: 'require' },
      encrypted,
    );
    const first = await pool.pid();
    const clients = await Promise.all(Array.from({ length: 100 }, () => pool.client()));
    const holder = await pool.client();
    await holder.query('BEGIN');
    const backend =
      'SELECT pg_backend_pid() AS pid, ssl FROM pg_stat_ssl WHERE pid = pg_backend_pid()';
    const before = (await holder.query(backend)).rows;
    expect(before).toEqual([{ pid: expect.any(Number), ssl: true }]);
    let isOver = false;
    const working = Promise.all(
      clients.map((client, who) => keepCommitting(client, who, () => isOver)),
    );
    await waitFor('everybody to work', async () => (await committed(database)).length === 100);
    await pool.restarted();
    expect(isRunning(first)).toBe(true);
    expect((await holder.query(backend)).rows).toEqual(before);
    await holder.query('COMMIT');
    await pool.ended(first);
    expect((await holder.query(backend)).rows).toEqual([{ pid: expect.any(Number), ssl: true }]);
    isOver = true;
    const done = await working;
    expect(await committed(database)).toEqual(done);
    const servers = await pool.show('SERVERS');
    expect(servers.length).toBeLessThanOrEqual(4);
    expect(servers.every(({ tls }) => String(tls).startsWith('TLS'))).toBe(true);
  });
});
