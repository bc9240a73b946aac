import { describe, expect, test } from 'vitest';
import { MessageWriter, ProtocolVersion } from '../../../src/wire/index.ts';
import { ended, PipelineClient, postgres, startProxy, waitFor } from '../../kit/index.ts';
import { startScene } from '../scene.ts';

const server = postgres();

describe('auth_query', () => {
  test('over a path that has gone silent is given up, and the next login asks anew', async () => {
    const database = await server.database();
    const proxy = await startProxy({ port: server.port });
    const scene = await startScene({
      databases: { app: database.url, asked: proxy.url(database.url) },
      settings: {
        auth_type: 'plain',
        auth_user: 'postgres',
        auth_dbname: 'asked',
        auth_query: "SELECT $1::text AS name, 'right'::text AS password",
        server_connect_timeout: 1,
        client_login_timeout: 5,
      },
      userlist: '',
    });
    const login = () => scene.client('app', { password: 'right' });
    await login();
    proxy.toServer.stall();
    const refusals = await Promise.allSettled([login(), login()]);
    for (const refusal of refusals) {
      expect(refusal.status).toBe('rejected');
      expect(refusal).not.toMatchObject({ reason: { message: 'client_login_timeout' } });
    }
    await expect(login()).rejects.not.toThrow('client_login_timeout');
    proxy.toServer.resume();
    await (await login()).query('SELECT 1');
  });

  test('names that clients make up are not remembered before they have logged in', async () => {
    const { url } = await server.database();
    const { hostname, port } = new URL(url);
    const scene = await startScene({
      databases: { '*': `host=${hostname} port=${port}` },
      settings: {
        auth_type: 'scram-sha-256',
        auth_user: 'postgres',
        auth_query: "SELECT $1::text AS name, 'right'::text AS password",
      },
      userlist: '',
    });
    for (let i = 0; i < 5; i++) {
      const client = await PipelineClient.connect(scene.port);
      const startup = { user: 'postgres', database: `made_up_${i}` };
      await client.sendBytes(new MessageWriter().startup(ProtocolVersion.v3_0, startup).take());
      await client.until(ended);
    }
    expect(scene.pooler.databases.size).toBe(0);
    await waitFor('the sessions to be gone', () => scene.pooler.authQueries.sessionCount === 0);
    const known = new URL(url).pathname.slice(1);
    const client = await scene.client(known, { password: 'right' });
    await client.query('SELECT 1');
    expect(scene.pooler.databases.size).toBe(1);
  });
});
