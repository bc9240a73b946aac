import { expect, test } from 'vitest';
import { postgres } from '../kit/index.ts';
import { startScene } from './scene.ts';

const server = postgres();

test('a client of a scene reaches the database behind it', async () => {
  const database = await server.database();
  const scene = await startScene({
    databases: { app: database.url },
    settings: { pool_mode: 'transaction' },
  });
  const client = await scene.client('app');
  const { rows } = await client.query('SELECT current_database() AS name');
  expect(rows).toEqual([{ name: database.name }]);
});
