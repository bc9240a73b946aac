import { chmod, mkdir, readFile, symlink } from 'node:fs/promises';
import { spawn } from 'node:child_process';
import { once } from 'node:events';
import { join } from 'node:path';
import { fileURLToPath } from 'node:url';
import { describe, expect, test, vi } from 'vitest';
import { MessageWriter, ProtocolVersion } from '../../src/wire/index.ts';
import {
  bytesOf,
  postgres,
  startPgbouncer,
  startSluice,
  temporaryFolder,
  waitFor,
} from '../kit/index.ts';
import { pgbouncers } from '../kit/pgbouncer-programs.ts';
import { lineTo } from '../cli/pool-process.ts';
import { clientTls } from './protocol/tls.ts';
import { freePort, isRunning, RestartingPool } from './restarting-pool.ts';

// Several processes start in each test; a busy machine takes its time for that.
vi.setConfig({ testTimeout: 240_000 });
const server = postgres();

async function startPool(
  settings: Readonly<Record<string, string | number>> = {},
  args: readonly string[] = [],
): Promise<RestartingPool> {
  const database = await server.database();
  return RestartingPool.start({ databases: { app: lineTo(database) }, settings }, args);
}

const isRoot = process.getuid?.() === 0;
const nobody = 65_534;

/** A console command of another system user, over the Unix socket; everything that is answered. */
async function sayAsNobody(pool: RestartingPool, command: string): Promise<string> {
  const writer = new MessageWriter();
  writer.startup(ProtocolVersion.v3_0, { user: 'postgres', database: 'pgbouncer' });
  const hex = writer.query(command).terminate().take().toString('hex');
  const path = join(pool.folder, `.s.PGSQL.${pool.port}`);
  const program =
    `const socket = require('net').connect({ path: '${path}' });` +
    `socket.pipe(process.stdout);` +
    `socket.write(Buffer.from('${hex}', 'hex'));`;
  const child = spawn(process.execPath, ['-e', program], {
    uid: nobody,
    gid: nobody,
    cwd: '/',
    stdio: ['ignore', 'pipe', 'inherit'],
  });
  let said = '';
  child.stdout.on('data', (bytes) => (said += String(bytes)));
  await once(child, 'close');
  return said;
}

/** Serves, and can be restarted. */
async function expectServing(pool: RestartingPool, pid: number): Promise<void> {
  expect(await pool.pid()).toBe(pid);
  expect(isRunning(pid)).toBe(true);
  const client = await pool.pipeline();
  expect(await client.ask((w) => w.query('SELECT 1'))).toContain('D:1');
  expect(await pool.restart()).toMatchObject({ exitCode: 0 });
  await pool.ended(pid);
  expect(await client.ask((w) => w.query('SELECT 2'))).toContain('D:2');
}

describe('a client that stays with the old process', () => {
  test('is served there, and the process ends when it has left', async () => {
    const pool = await startPool(await clientTls());
    const staying = await pool.pipeline({ tls: 'request' });
    const plain = await pool.pipeline();
    const first = await pool.pid();
    await pool.restarted();
    expect(await plain.ask((w) => w.query('SELECT 1'))).toContain('D:1');
    expect(await staying.ask((w) => w.query('SELECT 2'))).toContain('D:2');
    await waitFor('the plain one to be handed over', async () => {
      const clients = await pool.show('CLIENTS');
      return clients.filter(({ database }) => database === 'app').length === 2;
    });
    expect(isRunning(first)).toBe(true);
    await staying.close();
    await pool.ended(first);
    expect(await plain.ask((w) => w.query('SELECT 3'))).toContain('D:3');
  });

  test('is cancelled, shown, paused and resumed through the new process', async () => {
    const pool = await startPool(await clientTls());
    const staying = await pool.pipeline({ tls: 'request' });
    await pool.restarted();
    await staying.send((w) => w.query('SELECT pg_sleep(100)'));
    await waitFor('it to be at work', async () =>
      (await pool.show('POOLS')).some((row) => row['database'] === 'app' && row['cl_active'] === 1),
    );
    await staying.cancel();
    expect(await staying.until(1)).toContain('E:57014');
    await pool.console('PAUSE');
    await staying.send((w) => w.query('SELECT 1'));
    await waitFor('it to wait', async () =>
      (await pool.show('POOLS')).some(
        (row) => row['database'] === 'app' && row['cl_waiting'] === 1,
      ),
    );
    expect(staying.unread).toEqual([]);
    await pool.console('RESUME');
    expect(await staying.until(1)).toContain('D:1');
  });

  test('is reached through two new processes, and ends with the last', async () => {
    const pool = await startPool(await clientTls());
    const staying = await pool.pipeline({ tls: 'request' });
    const first = await pool.pid();
    const second = await pool.restarted();
    const third = await pool.restarted();
    await staying.send((w) => w.query('SELECT pg_sleep(100)'));
    await waitFor('it to be at work', async () =>
      (await pool.show('CLIENTS')).some(
        (row) => row['database'] === 'app' && row['state'] === 'active',
      ),
    );
    await staying.cancel();
    expect(await staying.until(1)).toContain('E:57014');
    expect([first, second].map(isRunning)).toEqual([true, true]);
    process.kill(third, 'SIGQUIT');
    expect(await staying.until('end')).toContain('F:08P01');
    for (const pid of [first, second, third]) await pool.ended(pid);
  });

  test('hears its channels without a gap', async () => {
    const pool = await startPool();
    const client = await pool.client();
    const sender = await pool.client();
    const heard: (string | undefined)[] = [];
    client.on('notification', ({ payload }) => heard.push(payload));
    await client.query('LISTEN news');
    const over = new AbortController();
    let sent = 0;
    const sending = (async () => {
      for (; !over.signal.aborted; sent++) await sender.query(`NOTIFY news, '${sent}'`);
    })();
    const first = await pool.pid();
    await pool.restarted();
    over.abort();
    await sending;
    await waitFor('all of them', () => heard.length === sent);
    expect(heard).toEqual(Array.from({ length: sent }, (_, i) => String(i)));
    await client.query('UNLISTEN news');
    await pool.ended(first);
    expect((await client.query('SELECT 1 AS n')).rows).toEqual([{ n: 1 }]);
  });

  test('leaves the new process its share of the servers', async () => {
    const settings = { ...(await clientTls()), default_pool_size: 2 };
    const pool = await startPool(settings);
    const [staying, plain] = [await pool.pipeline({ tls: 'request' }), await pool.pipeline()];
    await pool.restarted();
    await staying.ask((w) => w.query('BEGIN'));
    expect(await plain.ask((w) => w.query('BEGIN'))).toEqual(['C:BEGIN', 'Z:T']);
    expect((await pool.show('SERVERS')).length).toBe(2);
  });
});

test('a client that was handed over is cancelled', async () => {
  const pool = await startPool();
  const client = await pool.pipeline();
  const first = await pool.pid();
  await pool.restarted();
  await pool.ended(first);
  await client.send((w) => w.query('SELECT pg_sleep(100)'));
  await waitFor('it to be at work', async () =>
    (await pool.show('POOLS')).some((row) => row['database'] === 'app' && row['cl_active'] === 1),
  );
  await client.cancel();
  expect(await client.until(1)).toContain('E:57014');
});

test('a request that is under way is answered by the old process, and its client goes then', async () => {
  const database = await server.database();
  const databases = { app: lineTo(database) };
  const pool = await RestartingPool.start({ databases, settings: {} });
  const client = await pool.pipeline();
  await database.query('SELECT pg_advisory_lock(1)');
  await client.send((w) => w.query("SELECT pg_advisory_lock(1); SELECT 'done'"));
  const first = await pool.pid();
  await pool.restarted();
  expect(isRunning(first)).toBe(true);
  await database.query('SELECT pg_advisory_unlock(1)');
  expect(await client.until(1)).toContain('D:done');
  await pool.ended(first);
  expect(await client.ask((w) => w.query('SELECT 1'))).toContain('D:1');
});

test('a message of which half has come is read on in the new process', async () => {
  const pool = await startPool();
  const client = await pool.pipeline();
  const message = Buffer.from('Q\0\0\0\x0dSELECT 1\0', 'latin1');
  await client.sendBytes(message.subarray(0, 9));
  const first = await pool.pid();
  await pool.restarted();
  await pool.ended(first);
  expect(await client.ask(message.subarray(9))).toContain('D:1');
});

describe('what the new configuration says', () => {
  test('of a database that it does not have any more, its clients are told', async () => {
    const pool = await startPool();
    const client = await pool.pipeline();
    await pool.configure({ databases: { other: 'host=127.0.0.1' } });
    await pool.restarted();
    expect(await client.until('end')).toContain('F:3D000');
  });

  test('of another place of the servers, counts from the next transaction on', async () => {
    const pool = await startPool();
    const elsewhere = await server.database();
    const client = await pool.pipeline();
    await client.ask((w) => w.query('BEGIN'));
    await pool.configure({ databases: { app: lineTo(elsewhere) } });
    const first = await pool.pid();
    await pool.restarted();
    await pool.ended(first);
    const where = bytesOf((w) => w.query('SELECT current_database()'));
    expect(await client.ask(where)).not.toContain(`D:${elsewhere.name}`);
    await client.ask((w) => w.query('COMMIT'));
    expect(await client.ask(where)).toContain(`D:${elsewhere.name}`);
  });
});

describe('the old process goes on as before', () => {
  test('when the new configuration is wrong', async () => {
    const pool = await startPool();
    const pid = await pool.pid();
    await pool.configure({ settings: { pool_mode: 'nonsense' } });
    const { exitCode, stderr } = await pool.restart();
    expect(exitCode).toBe(2);
    expect(stderr).toContain('pool_mode');
    await pool.configure({});
    await expectServing(pool, pid);
  });

  test('when the new process fails at its start', async () => {
    const pool = await startPool();
    const pid = await pool.pid();
    await pool.configure({ settings: { listen_addr: '127.0.0.1, 192.0.2.1' } });
    const { exitCode, stderr } = await pool.restart();
    expect(exitCode).toBe(1);
    expect(stderr).toMatch(/POOL_LISTEN.*192\.0\.2\.1/);
    await pool.configure({});
    await expectServing(pool, pid);
  });

  test('when the new process fails after it has been left the pidfile', async () => {
    const pool = await startPool();
    const pid = await pool.pid();
    const { exitCode, stderr } = await pool.restart(['--status-listen', '192.0.2.1:1']);
    expect(exitCode).toBe(1);
    expect(stderr).toContain('192.0.2.1');
    await expectServing(pool, pid);
  });

  test('when the new process dies while a client is still here', async () => {
    const pool = await startPool(await clientTls());
    const staying = await pool.pipeline({ tls: 'request' });
    const pid = await pool.pid();
    const second = await pool.restarted();
    process.kill(second, 'SIGKILL');
    await waitFor('the pidfile to be its own again', async () => (await pool.pid()) === pid);
    expect(await staying.ask((w) => w.query('SELECT 1'))).toContain('D:1');
    await staying.close();
    await expectServing(pool, pid);
  });
});

describe('who may not', () => {
  test('an administrator over TCP', async () => {
    const pool = await startPool();
    const admin = await pool.pipeline({ database: 'pgbouncer' });
    const launch = JSON.stringify({ program: '/bin/true', args: [], folder: '/', env: {} });
    expect(await admin.ask((w) => w.query(`TAKEOVER '${launch}'`))).toContain('E:42501');
  });

  test.skipIf(!isRoot)(
    'an administrator who is another system user (skipped unless root)',
    async () => {
      const pool = await startPool();
      await chmod(pool.folder, 0o755);
      const launch = JSON.stringify({ program: '/bin/true', args: [], folder: '/', env: {} });
      const said = await sayAsNobody(pool, `TAKEOVER '${launch}'`);
      expect(said).toContain('only the system user of this process may');
    },
  );

  test('a new process with several workers, or without a Unix socket', async () => {
    const pool = await startPool();
    for (const settings of [{ workers: 2 }, { unix_socket_dir: '' }]) {
      await pool.configure({ settings });
      const { exitCode, stderr } = await pool.restart();
      expect(exitCode).toBe(1);
      expect(stderr).toMatch(/POOL_TAKEOVER.*so_reuseport/);
    }
  });

  test('from a process with several workers', async () => {
    const pool = await startPool({ workers: 2 });
    await pool.configure({ settings: { workers: 1 } });
    const { exitCode, stderr } = await pool.restart();
    expect(exitCode).toBe(1);
    expect(stderr).toMatch(/POOL_TAKEOVER.*several workers.*so_reuseport/);
  });

  test('from a paused one', async () => {
    const pool = await startPool();
    await pool.console('PAUSE');
    const { exitCode, stderr } = await pool.restart();
    expect(exitCode).toBe(1);
    expect(stderr).toContain('already suspended/paused');
  });
});

test.skipIf(!isRoot)(
  'root restarts a pool that runs as somebody else (skipped unless root)',
  async () => {
    const own = join(temporaryFolder(), 'own');
    await mkdir(own);
    await chmod(join(own, '..'), 0o755);
    await chmod(own, 0o777);
    const settings = { pidfile: join(own, 'pid'), unix_socket_dir: own };
    const pool = await startPool(settings, ['-u', 'nobody']);
    await chmod(pool.folder, 0o755);
    const client = await pool.client();
    const pidOf = async () => Number(await readFile(settings.pidfile, 'utf8'));
    const first = await pidOf();
    expect(await pool.restart(['-u', 'nobody'])).toMatchObject({ exitCode: 0, stderr: '' });
    await pool.ended(first);
    expect((await client.query('SELECT 1 AS n')).rows).toEqual([{ n: 1 }]);
    const status = await readFile(`/proc/${await pidOf()}/status`, 'utf8');
    expect(status).toMatch(/^Uid:\s+65534\s+65534/m);
  },
);

describe('the command line', () => {
  test('starts as usual where nobody runs, and says so', async () => {
    const pool = await startPool();
    await pool.first.stop();
    const again = startSluice(['pool', 'run', '-R', pool.file]);
    await again.says(/nobody to take over from/);
    await again.says(/process up/);
    expect((await (await pool.client()).query('SELECT 1 AS n')).rows).toEqual([{ n: 1 }]);
  });

  test('stands in the foreground for the new process: its log, its signals, its end', async () => {
    const pool = await startPool();
    const client = await pool.client();
    const first = await pool.pid();
    const second = startSluice(['pool', 'run', '-R', pool.file]);
    await second.says(/process up/);
    await pool.ended(first);
    expect(await pool.first.ended()).toMatchObject({ exitCode: 0 });
    expect((await client.query('SELECT 1 AS n')).rows).toEqual([{ n: 1 }]);
    second.signal('SIGHUP');
    await second.says(/the configuration was read again/);
    second.signal('SIGINT');
    expect(await second.ended()).toMatchObject({ exitCode: 0 });
    await expect(pool.pid()).rejects.toThrow('ENOENT');
  });

  test('takes it under the name pgbouncer', async () => {
    const pool = await startPool();
    const main = fileURLToPath(new URL('../../src/cli/main.ts', import.meta.url));
    const link = join(pool.folder, 'pgbouncer');
    await symlink(main, link);
    const client = await pool.client();
    const first = await pool.pid();
    const child = spawn(process.execPath, [link, '-d', '-R', pool.file], { stdio: 'ignore' });
    expect(await once(child, 'exit')).toEqual([0, null]);
    await pool.ended(first);
    expect((await client.query('SELECT 1 AS n')).rows).toEqual([{ n: 1 }]);
  });

  for (const program of Object.values(pgbouncers)) {
    test.skipIf(!program.isHere)(`leaves ${program.name} alone`, async () => {
      const database = await server.database();
      const pool = await startPool();
      await pool.first.stop();
      await chmod(pool.folder, 0o777);
      const real = await startPgbouncer(program, {
        databases: { app: lineTo(database) },
        settings: { auth_type: 'any', unix_socket_dir: pool.folder },
      });
      await pool.configure({ settings: { listen_port: real.port } });
      const { exitCode, stderr } = await pool.restart();
      expect(exitCode).toBe(1);
      expect(stderr).toMatch(/POOL_TAKEOVER.*PgBouncer/);
    });
  }
});

test('a client that came over the Unix socket goes on, too', async () => {
  const pool = await startPool();
  const client = await pool.client({ host: pool.folder });
  const first = await pool.pid();
  await pool.restarted();
  await pool.ended(first);
  expect((await client.query('SELECT 1 AS n')).rows).toEqual([{ n: 1 }]);
  expect(await pool.show('CLIENTS')).toContainEqual(
    expect.objectContaining({ database: 'app', addr: 'unix' }),
  );
});

test('the page of metrics goes to the new process', async () => {
  const port = await freePort();
  const page = ['--status-listen', `127.0.0.1:${port}`];
  const pool = await startPool({}, page);
  const client = await pool.client();
  const queries = async () => {
    const text = await (await fetch(`http://127.0.0.1:${port}/metrics`)).text();
    return /^pgbouncer_stats_totals_queries_pooled_total{database="app"} (\d+)/m.exec(text)?.[1];
  };
  await client.query('SELECT 1');
  expect(await queries()).toBe('1');
  const first = await pool.pid();
  expect(await pool.restart(page)).toMatchObject({ exitCode: 0, stderr: '' });
  await pool.ended(first);
  expect((await client.query('SELECT 1 AS n')).rows).toEqual([{ n: 1 }]);
  expect(await queries()).toBe('2');
});

test('files and numbers go on: the Unix socket, ids, totals', async () => {
  const pool = await startPool();
  const client = await pool.client();
  await client.query('SELECT 1');
  const idOf = async () =>
    (await pool.show('CLIENTS')).find(({ database }) => database === 'app')?.['id'];
  const before = await idOf();
  const first = await pool.pid();
  await pool.restarted();
  await pool.ended(first);
  expect(await idOf()).toBe(before);
  const second = await pool.pid();
  await pool.restarted();
  await pool.ended(second);
  expect(await idOf()).toBe(before);
  await client.query('SELECT 1');
  const [stats] = (await pool.show('STATS_TOTALS')).filter((row) => row['database'] === 'app');
  expect(stats).toMatchObject({ query_count: '2', client_login_count: '1' });
});
