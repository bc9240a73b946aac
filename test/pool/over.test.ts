import { expect, test } from 'vitest';
import { openPipeline, postgres } from '../kit/index.ts';
import { startScene } from './scene.ts';

const server = postgres();

test('what a client sends after it was told that it is over is not done, and disturbs nobody', async () => {
  const database = await server.database();
  const scene = await startScene({
    databases: { app: database.url },
    settings: { pool_mode: 'transaction', default_pool_size: 1 },
  });
  const gone = await openPipeline(scene.port, { database: 'app' });
  const other = await scene.client('app');
  const [id = 0] = [...scene.pooler.clients].map((client) => client.id);
  // As libpq between two statements: it does not look whether the connection has ended.
  gone.socket.pause();
  scene.operations.killClient(id);
  await gone.send((w) => w.query('CREATE TABLE made ()'));
  for (let round = 0; round < 3; round++) {
    expect((await other.query('SELECT $1::int AS n', [round])).rows).toEqual([{ n: round }]);
  }
  expect(await database.rows("SELECT 1 FROM pg_class WHERE relname = 'made'")).toEqual([]);
  const servers = scene.pooler.pools.flatMap((pool) => [...pool.servers]);
  expect(servers.map(({ client }) => client)).toEqual([null]);
});
