import { expect, test } from 'vitest';
import { postgres, waitFor } from '../kit/index.ts';
import { startScene } from './scene.ts';

const server = postgres();

test('a pool that nobody has used for pool_idle_timeout is forgotten, and TOTALS goes on with its counts', async () => {
  const database = await server.database();
  const pool = await startScene({
    databases: { app: database.url },
    settings: { pool_mode: 'transaction', pool_idle_timeout: 0.3, server_idle_timeout: 0.2 },
  });
  const client = await pool.client('app');
  for (let i = 0; i < 3; i++) await client.query('SELECT 1');
  await client.end();
  const operator = await pool.console();
  const transactions = async (): Promise<number> => {
    const { rows } = await operator.query<{ name: string; value: string }>('SHOW TOTALS');
    return Number(rows.find(({ name }) => name === 'total_xact_count')?.value);
  };
  const before = await transactions();
  expect(before).toBeGreaterThanOrEqual(3);

  await waitFor('the pool to be forgotten', () => pool.pooler.pools.length === 0);

  // What the console itself does counts, too.
  expect(await transactions()).toBeGreaterThan(before);
});
