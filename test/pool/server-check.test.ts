import { expect, test } from 'vitest';
import { postgres, waitFor } from '../kit/index.ts';
import { startScene, type Scene } from './scene.ts';

const server = postgres();

test.each([0, 1])(
  'servers are looked at before use, and no other is opened (round robin %i)',
  async (server_round_robin) => {
    const database = await server.database();
    const scene = await startScene({
      databases: { app: database.url },
      settings: { pool_mode: 'transaction', server_check_delay: 0, server_round_robin },
    });
    const clients = await Promise.all([1, 2, 3].map(() => scene.client('app')));
    await Promise.all(clients.map((client) => client.query('BEGIN')));
    await Promise.all(clients.map((client) => client.query('COMMIT')));
    const before = serverIds(scene);
    expect(before).toHaveLength(3);
    for (const asking of [1, 2, 3]) {
      await waitFor('servers to be in need of a look', () => needLooks(scene));
      await Promise.all(clients.slice(0, asking).map((client) => client.query('SELECT 1')));
      expect(serverIds(scene)).toEqual(before);
      expect(scene.pooler.pools[0]!.loginsUnderWay).toBe(0);
    }
  },
);

test('a server that fails its look is replaced', async () => {
  const database = await server.database();
  const scene = await startScene({
    databases: { app: database.url },
    settings: {
      pool_mode: 'transaction',
      server_check_delay: 0,
      server_check_query: 'SELECT FROM look',
    },
  });
  await database.query('CREATE TABLE look ()');
  const client = await scene.client('app');
  await client.query('SELECT 1');
  const before = serverIds(scene);
  await database.query('DROP TABLE look');
  await waitFor('servers to be in need of a look', () => needLooks(scene));
  await client.query('SELECT 1');
  expect(serverIds(scene)).not.toEqual(before);
});

function serverIds(scene: Scene): number[] {
  return scene.pooler.pools.flatMap(({ servers }) => [...servers].map(({ id }) => id));
}

function needLooks(scene: Scene): boolean {
  return scene.pooler.pools.every(({ idle }) =>
    idle.every(({ stateSinceMs }) => Date.now() > stateSinceMs),
  );
}
