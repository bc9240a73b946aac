import { beforeAll, describe, expect, test } from 'vitest';
import { Client } from 'pg';
import { postgres, waitFor } from '../kit/index.ts';
import { lineTo } from '../cli/pool-process.ts';
import { speakTls } from '../session/server-files.ts';
import { startScene } from './scene.ts';

const server = postgres();

describe('servers of a pool', () => {
  beforeAll(() => speakTls(server));

  test('are used although connect_query has failed, which is in the log', async () => {
    const line = lineTo(await server.database());
    const scene = await startScene({ databases: { app: `${line} connect_query='SELECT 1/0'` } });
    const client = await scene.client('app');
    expect((await client.query('SELECT 2 AS n')).rows).toEqual([{ n: 2 }]);
    expect(scene.logged.join('')).toMatch(/22012.*connect_query failed/);
  });

  test('are there before a client comes, as many as min_pool_size says for a forced user', async () => {
    const line = lineTo(await server.database());
    const scene = await startScene({ databases: { app: `${line} min_pool_size=2` } });
    await waitFor('two servers', () => scene.pooler.pools[0]?.idle.length === 2);
  });

  test.each(['allow', 'prefer', 'require'])('are reached over TLS with %s', async (mode) => {
    const scene = await startScene({
      databases: { app: lineTo(await server.database()) },
      settings: { server_tls_sslmode: mode },
    });
    const client = await scene.client('app');
    const { rows } = await client.query('SELECT ssl FROM pg_stat_ssl WHERE pid = pg_backend_pid()');
    expect(rows).toEqual([{ ssl: true }]);
  });
});

test('an administrator whom only auth_query knows gets into the console', async () => {
  const database = await server.database();
  await server.query("CREATE ROLE dan LOGIN PASSWORD 'secret of dan'");
  const scene = await startScene({
    databases: { app: `host=127.0.0.1 port=${server.port} dbname=${database.name}` },
    settings: {
      auth_type: 'scram-sha-256',
      auth_user: 'postgres',
      auth_dbname: 'app',
      auth_query: 'SELECT rolname, rolpassword FROM pg_authid WHERE rolname = $1',
      admin_users: 'dan',
    },
    userlist: '"postgres" ""\n',
  });
  const client = new Client({
    host: '127.0.0.1',
    port: scene.port,
    user: 'dan',
    password: 'secret of dan',
    database: 'pgbouncer',
  });
  await client.connect();
  expect((await client.query('SHOW VERSION')).rows).toHaveLength(1);
  await client.end();
});
