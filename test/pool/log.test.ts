import { appendFile } from 'node:fs/promises';
import { join } from 'node:path';
import { Client } from 'pg';
import { expect, test } from 'vitest';
import { z } from 'zod';
import { postgres, waitFor } from '../kit/index.ts';
import { startScene, type Scene } from './scene.ts';

const server = postgres();

const lineShape = z.looseObject({ msg: z.string() });

/** The lines of one message, with what they say. */
function lines(scene: Scene, message: string): Record<string, unknown>[] {
  return scene.logged
    .map((line) => lineShape.parse(JSON.parse(line)))
    .filter(({ msg }) => msg === message);
}

const from: unknown = expect.stringMatching(/^127\.0\.0\.1:\d+$/);

test('a line about a client says where it comes from, one about a server where it is', async () => {
  const database = await server.database();
  const scene = await startScene({ databases: { app: database.url } });
  const client = await scene.client('app');
  expect(lines(scene, 'login')).toMatchObject([{ database: 'app', user: 'postgres', from }]);
  const place = { database: 'app', user: 'postgres', host: '127.0.0.1', port: server.port };
  expect(lines(scene, 'new server connection')).toMatchObject([place]);
  await client.end();
  await waitFor('the client to leave', () => lines(scene, 'closing').length > 0);
  expect(lines(scene, 'closing')).toMatchObject([{ user: 'postgres', from }]);
  scene.operations.kill('app');
  await waitFor('its end', () => lines(scene, 'server connection closed').length > 0);
  expect(lines(scene, 'server connection closed')).toMatchObject([place]);
  const refused = new Client(scene.url('app', 'unknown'));
  await expect(refused.connect()).rejects.toThrow('authentication failed');
  expect(lines(scene, 'a client was not let in')).toMatchObject([{ user: 'unknown', from }]);
});

test('the console is logged: who came, from where, and what they had it do', async () => {
  const scene = await startScene({ databases: { app: (await server.database()).url } });
  const client = await scene.console();
  const who = { database: 'pgbouncer', user: 'postgres', from };
  expect(lines(scene, 'login')).toMatchObject([who]);
  await client.query('SHOW POOLS');
  await client.query('pause "app"');
  await client.query("RESUME app; set query_timeout = '7'");
  await expect(client.query("SET admin_password = 'hidden'")).rejects.toThrow('SET failed');
  await expect(client.query('TAKEOVER \'{"env":"hidden"}\'')).rejects.toThrow('system user');
  expect(lines(scene, 'a console command').map(({ command }) => command)).toEqual([
    'PAUSE app',
    'RESUME app',
    'SET query_timeout = 7',
    'SET admin_password = ***',
    'TAKEOVER ***',
  ]);
  expect(lines(scene, 'a console command')[0]).toMatchObject(who);
  expect(scene.logged.join('')).not.toContain('hidden');
  await client.end();
  await waitFor('its end', () => lines(scene, 'closing').length > 0);
  expect(lines(scene, 'closing')).toMatchObject([{ ...who, reason: 'client close request' }]);
});

test('an auth_file that was read again by itself is logged', async () => {
  const scene = await startScene({ databases: { app: 'host=127.0.0.1 port=1' } });
  await appendFile(join(scene.folder, 'userlist.txt'), '"more" ""\n');
  await scene.pooler.refreshUsers();
  expect(lines(scene, 'auth_file was read again')).toMatchObject([{ users: 5 }]);
  await scene.pooler.refreshUsers();
  expect(lines(scene, 'auth_file was read again')).toHaveLength(1);
});
