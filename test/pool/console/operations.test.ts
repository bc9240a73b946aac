import { once } from 'node:events';
import { createConnection } from 'node:net';
import { Client } from 'pg';
import { describe, expect, onTestFinished, test } from 'vitest';
import { ProtocolVersion } from '../../../src/wire/index.ts';
import { bytesOf, postgres, waitFor, within } from '../../kit/index.ts';
import { startScene, type Scene, type SceneOptions } from '../scene.ts';
import { ask, errorOf } from './ask.ts';

const server = postgres();

async function scene(settings: SceneOptions['settings'] = {}): Promise<Scene> {
  const database = await server.database();
  return startScene({
    databases: { app: database.url, other: database.url },
    settings: { pool_mode: 'transaction', ...settings },
  });
}

/** Backends that a pool has, by their process numbers. */
async function backend(client: Client): Promise<number> {
  const { rows } = await client.query<{ pid: number }>('SELECT pg_backend_pid() AS pid');
  return rows[0]?.pid ?? 0;
}

function serverCount(pool: Scene): number {
  return pool.pooler.pools.reduce((sum, { servers }) => sum + servers.size, 0);
}

describe('PAUSE', () => {
  test('in transaction mode waits for the transaction, then closes every server', async () => {
    const pool = await scene();
    pool.janitor.stop(); // at once, not by and by
    const [client, idle] = [await pool.client('app'), await pool.client('app')];
    await client.query('BEGIN');
    await idle.query('SELECT 1');
    const admin = await pool.console();
    let isPaused = false;
    const pause = admin.query('PAUSE').then(() => (isPaused = true));
    await waitFor('the idle server to be closed', () => serverCount(pool) === 1);
    await client.query('SELECT 1');
    expect(isPaused).toBe(false);
    await client.query('COMMIT');
    await within('PAUSE', pause);
    expect(serverCount(pool)).toBe(0);

    const waiting = client.query('SELECT 5 AS n');
    await waitFor('the client to wait', () => pool.pooler.pools[0]?.waiting.size === 1);
    await admin.query('RESUME');
    expect((await waiting).rows).toEqual([{ n: 5 }]);
  });

  test('in session mode waits until the clients have left', async () => {
    const pool = await scene({ pool_mode: 'session' });
    const client = await pool.client('app');
    await client.query('SELECT 1');
    const pause = (await pool.console()).query('PAUSE app');
    await waitFor('the pause', () => pool.pooler.databases.get('app')?.isPaused);
    await client.query('SELECT 1');
    await client.end();
    await within('PAUSE', pause);
    expect(serverCount(pool)).toBe(0);
  });

  test('of one database leaves the others alone', async () => {
    const pool = await scene();
    const admin = await pool.console();
    const other = await pool.client('other');
    await admin.query('PAUSE app');
    expect(await backend(other)).toBeGreaterThan(0);
    const { rows } = await admin.query<{ name: string; paused: number }>('SHOW DATABASES');
    expect(rows.filter(({ paused }) => paused === 1)).toMatchObject([{ name: 'app' }]);
  });

  test('lets new clients wait, the first of a database too', async () => {
    const pool = await scene();
    const admin = await pool.console();
    await admin.query('PAUSE');
    const client = pool.client('app');
    await waitFor('the login to wait', () => pool.pooler.pools[0]?.waitingLogins === 1);
    expect(serverCount(pool)).toBe(0);
    await admin.query('RESUME');
    expect(await backend(await client)).toBeGreaterThan(0);
  });

  test('is given up by a cancel request, and traffic goes on', async () => {
    const pool = await scene();
    const client = await pool.client('app');
    await client.query('BEGIN');
    const admin = await pool.console();
    const pause = errorOf(admin.query('PAUSE'));
    await waitFor('the pause', () => pool.pooler.isPaused);
    cancel(pool, admin);
    expect(await pause).toBe('ERROR 57014 canceling statement due to user request');
    expect(pool.pooler.isPaused).toBe(false);
    await client.query('COMMIT');
    expect(await backend(client)).toBeGreaterThan(0);
  });

  test.each(['PAUSE', 'PAUSE app'])('%s stays when its operator leaves', async (pause) => {
    const pool = await scene();
    const client = await pool.client('app');
    await client.query('BEGIN');
    const admin = await pool.console();
    admin.query(pause).catch(() => undefined);
    const paused = (): boolean => pool.pooler.pools[0]!.isPaused;
    await waitFor('the pause', paused);
    await admin.end();
    await client.query('COMMIT');
    const other = await pool.console();
    await waitFor('no server', () => serverCount(pool) === 0);
    expect(paused()).toBe(true);
    await other.query(pause.replace('PAUSE', 'RESUME'));
    expect(await backend(client)).toBeGreaterThan(0);
  });
});

test('RESUME ends a PAUSE that still waits', async () => {
  const pool = await scene();
  const client = await pool.client('app');
  await client.query('BEGIN');
  const pause = errorOf((await pool.console()).query('PAUSE'));
  await waitFor('the pause', () => pool.pooler.isPaused);
  await (await pool.console()).query('RESUME');
  expect(await pause).toBe('ERROR 08P01 resumed before all servers were released');
});

test('DISABLE refuses new clients and keeps those that are here', async () => {
  const pool = await scene();
  const client = await pool.client('app');
  const admin = await pool.console();
  await admin.query('DISABLE app');
  expect(await errorOf(pool.client('app'))).toBe('FATAL 08P01 database "app" is disabled');
  expect(await backend(client)).toBeGreaterThan(0);
  await admin.query('ENABLE app');
  expect(await backend(await pool.client('app'))).toBeGreaterThan(0);
});

test('RECONNECT closes each server once it is free, and WAIT_CLOSE waits for that', async () => {
  const pool = await scene();
  const client = await pool.client('app');
  await client.query('BEGIN');
  const before = await backend(client);
  const admin = await pool.console();
  await admin.query('RECONNECT app');
  let isClosed = false;
  const waitClose = admin.query('WAIT_CLOSE app').then(() => (isClosed = true));
  expect(await backend(client)).toBe(before);
  expect(isClosed).toBe(false);
  await client.query('COMMIT');
  await within('WAIT_CLOSE', waitClose);
  expect(await backend(client)).not.toBe(before);
});

test.each(['KILL', 'KILL app'])(
  '%s drops clients and servers at once, and pauses',
  async (kill) => {
    const pool = await scene();
    const client = await pool.client('app');
    const sleeping = errorOf(client.query('SELECT pg_sleep(60)'));
    await waitFor('the query', () => serverCount(pool) === 1);
    const admin = await pool.console();
    expect(await ask(admin, kill)).toEqual({ tag: 'KILL', columns: [] });
    expect(await within('the error', sleeping)).toBe('FATAL 08P01 database removed');
    await waitFor('the server to be closed', () => serverCount(pool) === 0);
    const { rows } = await admin.query<{ paused: number }>('SHOW DATABASES');
    expect(rows[0]?.paused).toBe(1);
    await admin.query('RESUME app');
    expect(await backend(await pool.client('app'))).toBeGreaterThan(0);
  },
);

test('KILL_CLIENT ends one client and its server', async () => {
  const pool = await scene();
  const [victim, other] = [await pool.client('app'), await pool.client('app')];
  await victim.query('BEGIN');
  const admin = await pool.console();
  const { rows } = await admin.query<{ id: number; state: string }>('SHOW CLIENTS');
  const id = rows.find(({ state, id }) => state === 'active' && id !== rows.at(-1)?.id)?.id;
  expect(await ask(admin, 'KILL_CLIENT 100000')).toEqual({ error: 'ERROR 08P01 client not found' });
  expect(await ask(admin, 'KILL_CLIENT me')).toEqual({
    error: 'ERROR 08P01 invalid client pointer supplied',
  });
  const last = errorOf(victim.query('SELECT pg_sleep(60)'));
  await admin.query(`KILL_CLIENT ${id}`);
  expect(await within('the error', last)).toBe('FATAL 08P01 admin forced disconnect');
  expect(await backend(other)).toBeGreaterThan(0);
});

test('SUSPEND reads nobody, RESUME takes up where it was', async () => {
  const pool = await scene();
  const client = await pool.client('app');
  await client.query('SELECT 1');
  const admin = await pool.console();
  await admin.query('SUSPEND');
  let isAnswered = false;
  const query = client.query('SELECT 2').then(() => (isAnswered = true));
  const { rows } = await admin.query<{ key: string; value: string }>('SHOW STATE');
  expect(rows.map(({ value }) => value)).toEqual(['no', 'no', 'yes']);
  expect(isAnswered).toBe(false);
  await admin.query('RESUME');
  await within('the query', query);
});

test('SUSPEND is over when its operator leaves', async () => {
  const pool = await scene();
  const client = await pool.client('app');
  await client.query('SELECT 1');
  const admin = await pool.console();
  await admin.query('SUSPEND');
  const query = client.query('SELECT 2');
  const other = await pool.console();
  expect(await errorOf(other.query('SUSPEND'))).toBe('ERROR 08P01 already suspended/paused');
  await other.end();
  await waitFor('it to have left', () => pool.logged.join('').includes('"msg":"closing"'));
  expect(pool.pooler.isSuspended).toBe(true);
  await admin.end();
  await within('the query', query);
  expect(pool.pooler.isSuspended).toBe(false);
});

describe('RELOAD', () => {
  test('moves a database, and no client notices more than a wait', async () => {
    const pool = await scene();
    const client = await pool.client('app');
    const before = await client.query('SELECT current_database() AS name');
    const moved = await server.database();
    const admin = await pool.console();
    await admin.query('PAUSE app');
    await pool.configure({ databases: { app: moved.url } });
    expect(await ask(admin, 'RELOAD')).toEqual({ tag: 'RELOAD', columns: [] });
    await admin.query('RESUME app');
    const { rows } = await client.query('SELECT current_database() AS name');
    expect(rows).toEqual([{ name: moved.name }]);
    expect(before.rows).not.toEqual(rows);
  });

  test('of a bad file keeps the configuration, and tells where it is bad', async () => {
    const pool = await scene({ default_pool_size: 7 });
    const admin = await pool.console();
    await pool.configure({ settings: { default_pool_size: 'many', nonsense: 1 } });
    const error: unknown = await admin.query('RELOAD').catch((cause: unknown) => cause);
    expect(error).toMatchObject({
      code: 'F0000',
      message: 'RELOAD failed, see logs for additional details',
      detail: expect.stringMatching(/pgbouncer\.ini:\d+: default_pool_size: [^]*nonsense/),
    });
    const { rows } = await admin.query<{ pool_size: number }>('SHOW DATABASES');
    expect(rows[0]?.pool_size).toBe(7);
    await pool.configure({ settings: { default_pool_size: 9 } });
    await admin.query('RELOAD');
    const after = await admin.query<{ pool_size: number }>('SHOW DATABASES');
    expect(after.rows[0]?.pool_size).toBe(9);
  });
});

test('SET changes a setting until RELOAD, and says what is wrong with a value', async () => {
  const pool = await scene();
  const admin = await pool.console();
  await admin.query("SET default_pool_size = '3'");
  const config = await admin.query<{ key: string; value: string }>('SHOW CONFIG');
  expect(config.rows.find(({ key }) => key === 'default_pool_size')?.value).toBe('3');
  expect(pool.pooler.settings.default_pool_size).toBe(3);
  await expect(admin.query('SET default_pool_size = x')).rejects.toMatchObject({
    message: 'SET failed',
    detail: expect.stringContaining('default_pool_size'),
  });
  // What JDBC sends first.
  expect(await ask(admin, 'SET extra_float_digits = 3')).toEqual({ tag: 'SET', columns: [] });
  await admin.query('RELOAD');
  expect(pool.pooler.settings.default_pool_size).toBe(20);
});

test('a client that follows is shown, and holds up a PAUSE until it leaves', async () => {
  const pool = await scene();
  // `pg` itself has no name for it.
  const replication: object = { replication: 'database' };
  const follower = await pool.client('app', replication);
  const { rows: told } = await follower.query<{ dbname: string }>('IDENTIFY_SYSTEM');
  const admin = await pool.console();
  const { rows } = await admin.query<Record<string, unknown>>('SHOW SERVERS');
  expect(rows).toMatchObject([{ replication: 'logical', state: 'active', database: 'app' }]);
  expect((await admin.query('SHOW CLIENTS')).rows[0]).toMatchObject({ replication: 'logical' });
  expect(told[0]?.dbname).toBe(pool.pooler.databases.get('app')?.serverName);
  let isPaused = false;
  const pause = admin.query('PAUSE').then(() => (isPaused = true));
  await follower.query('IDENTIFY_SYSTEM');
  expect(isPaused).toBe(false);
  await follower.end();
  await within('PAUSE', pause);
});

describe('SHUTDOWN', () => {
  test('does not wait for clients that do not hang up', async () => {
    const pool = await scene();
    const socket = createConnection({ host: '127.0.0.1', port: pool.port, allowHalfOpen: true });
    socket.on('error', () => undefined);
    onTestFinished(() => void socket.destroy());
    const startup = { user: 'postgres', database: 'app' };
    socket.write(bytesOf((w) => w.startup(ProtocolVersion.v3_0, startup)));
    await once(socket, 'data');
    await waitFor('it to be let in', () => pool.pooler.clients.size === 1);
    await (await pool.console()).query('SHUTDOWN');
    // Half of what is waited for one that was told: it ends at once.
    await within('the end', pool.shutDown, 2_500);
  });

  test('ends everything at once', async () => {
    const pool = await scene();
    const client = await pool.client('app');
    const last = errorOf(client.query('SELECT pg_sleep(60)'));
    await waitFor('the query', () => serverCount(pool) === 1);
    expect(await ask(await pool.console(), 'SHUTDOWN')).toEqual({ tag: 'SHUTDOWN', columns: [] });
    expect(await within('the error', last)).toBe('FATAL 08P01 pooler is shutting down');
    await within('the end', pool.shutDown);
  });

  test('WAIT_FOR_CLIENTS refuses new ones and serves the others to their end', async () => {
    const pool = await scene();
    const client = await pool.client('app');
    await client.query('BEGIN');
    const admin = await pool.console();
    const { port } = pool;
    await admin.query('SHUTDOWN WAIT_FOR_CLIENTS');
    await waitFor('the port to be closed', () => refuses(port));
    expect(await ask(admin, 'SHUTDOWN WAIT_FOR_SERVERS')).toEqual({
      error: 'ERROR 08P01 already shutting down',
    });
    await client.query('COMMIT');
    expect(await backend(client)).toBeGreaterThan(0);
    await client.end();
    await within('the end', pool.shutDown);
  });

  test.each(['KILL', 'PAUSE app'])(
    'WAIT_FOR_CLIENTS turns away who waits after %s',
    async (pause) => {
      const pool = await scene();
      const admin = await pool.console();
      await admin.query(pause);
      const waiting = errorOf(pool.client('app').then((client) => client.query('SELECT 1')));
      await waitFor('it to wait', () => pool.pooler.pools.some((of) => of.ownWaiting > 0));
      await admin.query('SHUTDOWN WAIT_FOR_CLIENTS');
      expect(await within('the error', waiting)).toBe('FATAL 57P01 server shutting down');
      await within('the end', pool.shutDown);
    },
  );

  test('WAIT_FOR_SERVERS lets transactions end and turns away who waits', async () => {
    const pool = await scene();
    const [busy, idle] = [await pool.client('app'), await pool.client('app')];
    await busy.query('BEGIN');
    await (await pool.console()).query('SHUTDOWN WAIT_FOR_SERVERS');
    await waitFor('the pause', () => pool.pooler.isPaused);
    expect(await errorOf(idle.query('SELECT 1'))).toBe('FATAL 57P01 server shutting down');
    await busy.query('SELECT 1');
    await busy.query('COMMIT').catch(() => undefined);
    await within('the end', pool.shutDown);
  });

  test('a second one hurries the first', async () => {
    const pool = await scene();
    await pool.client('app');
    const admin = await pool.console();
    await admin.query('SHUTDOWN WAIT_FOR_CLIENTS');
    await admin.query('SHUTDOWN');
    await within('the end', pool.shutDown);
  });
});

async function refuses(port: number): Promise<boolean> {
  const client = new Client({ host: '127.0.0.1', port, user: 'postgres', database: 'app' });
  return client.connect().then(
    async () => {
      await client.end();
      return false;
    },
    () => true,
  );
}

/** As psql does at Ctrl-C. */
function cancel(pool: Scene, client: Client): void {
  if (!('processID' in client) || !('secretKey' in client)) throw new Error('pg keeps no key');
  const packet = Buffer.alloc(16);
  packet.writeInt32BE(16, 0);
  packet.writeInt32BE(80_877_102, 4);
  packet.writeInt32BE(Number(client.processID), 8);
  packet.writeInt32BE(Number(client.secretKey), 12);
  createConnection({ host: '127.0.0.1', port: pool.port }).end(packet);
}
