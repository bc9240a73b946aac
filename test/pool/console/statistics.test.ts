import { expect, test, vi } from 'vitest';
import { postgres } from '../../kit/index.ts';
import { startScene, type Scene } from '../scene.ts';

const server = postgres();

async function scene(): Promise<Scene> {
  const database = await server.database();
  return startScene({
    databases: { app: database.url },
    settings: { pool_mode: 'transaction', log_stats: 1 },
  });
}

test('averages are over the last full period and what there is of this one', async () => {
  const pool = await scene();
  const { statistics } = pool.consoles;
  const client = await pool.client('app');
  const startMs = Date.now();
  vi.spyOn(Date, 'now').mockImplementation(() => startMs + passedMs);
  let passedMs = 0;
  for (let i = 0; i < 60; i++) await client.query('SELECT 1');
  passedMs = 10_000;
  statistics.sample();
  for (let i = 0; i < 40; i++) await client.query('SELECT 1');
  passedMs = 20_000;
  // 100 in 20 s, and some milliseconds before `startMs`.
  expect(statistics.averages().get('app')?.queries).toBe(4);
  statistics.sample();
  passedMs = 30_000;
  // 40 in 20 s: the first period no longer counts.
  expect(statistics.averages().get('app')).toMatchObject({ queries: 2, transactions: 2 });
  expect(statistics.averages().get('app')?.queryUs).toBeGreaterThan(0);
  expect(statistics.overall().totals.queries).toBe(100);
});

test('each period is a line in the log', async () => {
  const pool = await scene();
  const client = await pool.client('app');
  await client.query('SELECT 1');
  pool.consoles.statistics.sample();
  const lines = pool.logged.filter((line) => line.includes('"msg":"stats"'));
  expect(lines).toHaveLength(1);
  expect(lines[0]).toMatch(/"queries":\d+.*"queryUs":\d+/);
});
