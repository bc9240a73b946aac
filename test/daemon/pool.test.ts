import { readFile, writeFile } from 'node:fs/promises';
import { join } from 'node:path';
import { Client } from 'pg';
import { beforeEach, describe, expect, onTestFinished, test } from 'vitest';
import { Daemon, loadConfig, loadPoolConfig, poolParts } from '../../src/daemon/index.ts';
import type { PoolService } from '../../src/pool/index.ts';
import { createLog, Metrics, silentProgress } from '../../src/service/index.ts';
import { postgres, startSluice, temporaryFolder, waitFor, within } from '../kit/index.ts';

const server = postgres();

let file: string;
beforeEach(() => {
  file = join(temporaryFolder(), 'sluice.toml');
});

async function writeToml(url: string, more = ''): Promise<void> {
  await writeFile(
    file,
    `[databases]
shop = "${url}"
[service]
status_listen = ":0"
[pool]
listen = "127.0.0.1:0"
auth_type = "any"
admin_users = ["postgres"]
pool_mode = "transaction"
${more}
[pool.databases.app]
database = "shop"
login = "entry"
`,
  );
}

async function connect(port: number, database = 'app'): Promise<Client> {
  const client = new Client({ host: '127.0.0.1', port, user: 'postgres', database });
  client.on('error', () => undefined);
  await client.connect();
  onTestFinished(() => client.end());
  return client;
}

async function startDaemon() {
  const logged: string[] = [];
  const made: PoolService[] = [];
  const metrics = new Metrics();
  const parts = poolParts(await loadConfig(file), {
    version: '1.2.3',
    onMade: (pool) => made.push(pool),
  });
  const daemon = new Daemon(
    { parts },
    {
      log: createLog({ write: (line) => logged.push(line) }),
      metrics,
      progress: silentProgress,
      version: '1.2.3',
    },
  );
  daemon.start();
  onTestFinished(() => daemon.stop());
  await waitFor('the pool to serve', () => daemon.health().parts?.['pool'] === 'running');
  return { daemon, metrics, logged, pool: made[0]! };
}

describe('[pool] in this process', () => {
  test('is a part, with its numbers in the status and the metrics', async () => {
    const database = await server.database();
    await writeToml(database.url);
    const { daemon, metrics, pool } = await startDaemon();
    const client = await connect(pool.listener?.port ?? 0);
    expect((await client.query('SELECT current_database() AS name')).rows).toEqual([
      { name: database.name },
    ]);
    expect(daemon.status().parts).toMatchObject([
      {
        name: 'pool',
        state: 'running',
        detail: { clients: 1, databases: { app: { clients: 1, servers: 1 } } },
      },
    ]);
    expect(await metrics.text()).toMatch(
      /^pgbouncer_pools_server_idle_connections\{.*database="app".*\} 1$/m,
    );
  });

  test('lets transactions end when it is stopped', async () => {
    const database = await server.database('CREATE TABLE t (n int)');
    await writeToml(database.url);
    const { daemon, logged, pool } = await startDaemon();
    const client = await connect(pool.listener?.port ?? 0);
    await client.query('BEGIN');
    await client.query('INSERT INTO t VALUES (1)');
    const stopped = daemon.stop();
    await waitFor('the shutdown', () => logged.join('').includes('shutting down'));
    await client.query('COMMIT');
    await stopped;
    expect(await database.value('SELECT n FROM t')).toBe(1);
  });

  test('an address that is taken fails the part, and the daemon says so', async () => {
    const database = await server.database();
    await writeToml(database.url);
    const { pool } = await startDaemon();
    const text = await readFile(file, 'utf8');
    await writeFile(file, text.replace('127.0.0.1:0', `127.0.0.1:${pool.listener?.port}`));
    const parts = poolParts(await loadConfig(file), { version: '1.2.3' });
    const second = new Daemon(
      { parts },
      {
        log: createLog({ level: 'silent' }),
        metrics: new Metrics(),
        progress: silentProgress,
        version: '1.2.3',
      },
    );
    second.start();
    await expect(second.finished).rejects.toMatchObject({ code: 'POOL_LISTEN' });
  });
});

test('a file without [pool] has no such part, and is told so where one is asked for', async () => {
  await writeFile(file, '[databases]\n');
  expect(poolParts(await loadConfig(file), { version: '1.2.3' })).toEqual([]);
  await expect(loadPoolConfig(file)).rejects.toMatchObject({ code: 'POOL_NOT_CONFIGURED' });
});

describe('sluice run', () => {
  test('runs a file that has only [pool], and reads it again at SIGHUP', async () => {
    const database = await server.database();
    await writeToml(database.url);
    const sluice = startSluice(['run', '--config', file]);
    const [, port] = await sluice.says(/"addresses":\["127\.0\.0\.1:(\d+)"/);
    const [, url] = await sluice.says(/"url":"(http:[^"]+)"/);
    const status: unknown = await (await fetch(`${url}/status`)).json();
    expect(status).toMatchObject({ parts: [{ name: 'pool', state: 'running' }] });
    const console = await connect(Number(port), 'pgbouncer');
    const size = async () => {
      const { rows } = await console.query<{ key: string; value: string }>('SHOW CONFIG');
      return rows.find(({ key }) => key === 'default_pool_size')?.value;
    };
    await writeToml(database.url, 'default_pool_size = "many"');
    sluice.signal('SIGHUP');
    await sluice.says(/RELOAD failed/);
    expect(sluice.stderr).toContain(`${file}:10`);
    expect(await size()).toBe('20');
    await writeToml(database.url, 'default_pool_size = 7');
    sluice.signal('SIGHUP');
    await waitFor('the new size', async () => (await size()) === '7');
    expect(await sluice.stop()).toMatchObject({ exitCode: 0 });
  });

  test('pauses at SIGUSR1, resumes at SIGUSR2', async () => {
    const database = await server.database();
    await writeToml(database.url);
    const sluice = startSluice(['run', '--config', file]);
    const [, port] = await sluice.says(/"addresses":\["127\.0\.0\.1:(\d+)"/);
    const [, url] = await sluice.says(/"url":"(http:[^"]+)"/);
    const isPaused = async (): Promise<boolean> => {
      const status: unknown = await (await fetch(`${url}/status`)).json();
      return JSON.stringify(status).includes('"paused":true');
    };
    const client = await connect(Number(port));
    sluice.signal('SIGUSR1');
    await waitFor('the pause', isPaused);
    const answer = client.query('SELECT 1 AS n');
    sluice.signal('SIGUSR2');
    expect((await within('an answer', answer)).rows).toEqual([{ n: 1 }]);
    expect(sluice.stderr).not.toContain('Debugger');
    expect(await sluice.stop()).toMatchObject({ exitCode: 0 });
  });
});
