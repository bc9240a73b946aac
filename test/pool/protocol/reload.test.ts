import { expect, describe, test } from 'vitest';
import { openPipeline, postgres, startProxy, waitFor } from '../../kit/index.ts';
import { startScene } from '../scene.ts';

const server = postgres();

describe('databases after RELOAD', () => {
  test('a server whose login was under way is of the new place, or of no use', async () => {
    const [here, there] = await Promise.all([server.database(), server.database()]);
    const proxy = await startProxy({ port: server.port });
    const entry = (url: string): string => `${lineOf(proxy.url(url))} user=postgres`;
    const settings = { pool_mode: 'transaction' };
    const scene = await startScene({ databases: { app: entry(here.url) }, settings });
    const client = await scene.client('app');
    await client.query('SELECT 1');
    scene.operations.reconnect(null);
    await waitFor('no server', () => scene.pooler.pools[0]!.servers.size === 0);
    proxy.toClient.stall();
    const asked = client.query('SELECT current_database() AS name');
    await waitFor('a login', () => scene.pooler.pools[0]!.loginsUnderWay === 1);
    await waitFor('its startup', () => proxy.toServer.bytes > 0);
    await scene.configure({ databases: { app: entry(there.url) }, settings });
    await scene.operations.reload();
    proxy.toClient.resume();
    expect((await asked).rows).toEqual([{ name: there.name }]);
  });

  test('one that was removed is closed to everybody at once, and forgotten', async () => {
    const [kept, removed] = await Promise.all([server.database(), server.database()]);
    const line = `${lineOf(removed.url)} user=postgres min_pool_size=1`;
    const scene = await startScene({
      databases: { kept: kept.url, removed: line },
      settings: { pool_mode: 'transaction' },
    });
    const client = await scene.client('removed');
    await client.query('SELECT 1');
    await scene.configure({ databases: { kept: kept.url } });
    await scene.operations.reload();
    await expect(scene.client('removed')).rejects.toThrow('no such database');
    await expect(client.query('SELECT 1')).rejects.toThrow();
    await waitFor(
      'it to be forgotten',
      () => scene.pooler.databases.get('removed')?.name === undefined,
    );
    await scene.configure({ databases: { kept: kept.url, removed: line } });
    await scene.operations.reload();
    await (await scene.client('removed')).query('SELECT 1');
  });

  test('... also to those who follow it', async () => {
    const [kept, removed] = await Promise.all([server.database(), server.database()]);
    const line = `${lineOf(removed.url)} user=postgres`;
    const proxy = await startProxy({ port: server.port });
    const scene = await startScene({
      databases: { kept: kept.url, removed: line, slow: proxy.url(removed.url) },
      settings: { pool_mode: 'transaction' },
    });
    const parameters = { replication: 'database' };
    const open = (database: string) => openPipeline(scene.port, { database, parameters });
    const [other, follower] = await Promise.all([open('kept'), open('removed')]);
    expect(await follower.ask((w) => w.query('IDENTIFY_SYSTEM'))).toContain('C:IDENTIFY_SYSTEM');
    const warm = await scene.client('slow');
    await warm.query('SELECT 1');
    proxy.toClient.stall();
    const late = open('slow');
    await waitFor('its login to be under way', () => proxy.connections === 2);
    await scene.configure({ databases: { kept: kept.url } });
    await scene.operations.reload();
    expect(await follower.until('end')).toEqual(['end']);
    proxy.toClient.resume();
    expect((await late).greeting).toContain('F:08P01');
    expect(await other.ask((w) => w.query('IDENTIFY_SYSTEM'))).toContain('C:IDENTIFY_SYSTEM');
    await waitFor('both to be forgotten', () => scene.pooler.databases.size === 1);
    expect(scene.pooler.pipes.size).toBe(1);
  });

  test('one that was removed while in a transaction comes back as it was', async () => {
    const database = await server.database();
    const databases = { app: database.url };
    const scene = await startScene({ databases, settings: { pool_mode: 'transaction' } });
    await (await scene.client('app')).query('BEGIN');
    await scene.configure({ databases: {} });
    await scene.operations.reload();
    await scene.configure({ databases });
    await scene.operations.reload();
    await (await scene.client('app')).query('SELECT 1');
  });

  test('what * says now is true of those that were made from it', async () => {
    const [before, after] = await Promise.all([server.database(), server.database()]);
    const scene = await startScene({
      databases: { '*': before.url },
      settings: { pool_mode: 'transaction' },
    });
    const client = await scene.client('any');
    const where = async () => (await client.query('SELECT current_database() AS name')).rows;
    expect(await where()).toEqual([{ name: before.name }]);
    await scene.configure({ databases: { '*': after.url } });
    await scene.operations.reload();
    expect(await where()).toEqual([{ name: after.name }]);
    await scene.configure({ databases: { any: before.url } });
    await scene.operations.reload();
    expect(await where()).toEqual([{ name: before.name }]);
    expect(scene.pooler.databases.get('any')?.isAutomatic).toBe(false);
    await scene.configure({ databases: { '*': after.url } });
    await scene.operations.reload();
    expect(await where()).toEqual([{ name: after.name }]);
    await scene.configure({ databases: {} });
    await scene.operations.reload();
    await expect(where()).rejects.toThrow();
  });

  test('one made from * is led elsewhere by a gate', async () => {
    const [before, after] = await Promise.all([server.database(), server.database()]);
    const scene = await startScene({
      databases: { '*': before.url },
      settings: { pool_mode: 'transaction' },
    });
    const client = await scene.client('any');
    await client.query('SELECT 1');
    const { hostname: host, port } = new URL(after.url);
    await scene.pooler.redirect('any', { host, port: Number(port), database: after.name });
    expect((await client.query('SELECT current_database() AS name')).rows).toEqual([
      { name: after.name },
    ]);
  });
});

function lineOf(url: string): string {
  const { hostname, port, pathname } = new URL(url);
  return `host=${hostname} port=${port} dbname=${pathname.slice(1)}`;
}
