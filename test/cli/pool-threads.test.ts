import { expect, test } from 'vitest';
import { postgres, startSluice, temporaryFolder, waitFor } from '../kit/index.ts';
import { connect, lineTo, writeIni } from './pool-process.ts';

const server = postgres();

test('a thread that dies ends the pooler: clients are told, and the exit code says so', async () => {
  const database = await server.database();
  const file = await writeIni(temporaryFolder(), {
    databases: { app: lineTo(database) },
    settings: { workers: 2 },
  });
  const failpoints = { 'pool.thread': 'throw' };
  const sluice = startSluice(['pool', 'run', file], { failpoints });
  const [, port] = await sluice.says(/"addresses":\["127\.0\.0\.1:(\d+)"/);
  await sluice.says(/process up/);
  const clients = await Promise.all(Array.from({ length: 16 }, () => connect(Number(port))));
  const ends = clients.map((client) => {
    const { promise, resolve } = Promise.withResolvers<string>();
    client.on('error', ({ message }) => resolve(message));
    return promise;
  });
  for (const client of clients) await client.query('SELECT 1');
  const console = await connect(Number(port), 'pgbouncer');
  await console.query('RELOAD').catch(() => undefined);
  const { exitCode, stderr } = await sluice.ended();
  expect(exitCode).toBe(1);
  expect(stderr).toContain('POOL_THREAD_ENDED');
  expect(stderr).toContain('thread 1 of the pooler ended unasked');
  const told = new Set(await Promise.all(ends));
  // Those of the thread that died lose their connection; the others hear why.
  expect([...told].toSorted()).toEqual([
    'Connection terminated unexpectedly',
    'pooler is shutting down',
  ]);
  await waitFor('its servers to be closed', async () => {
    const left = await database.value<number>(
      "SELECT count(*)::int FROM pg_stat_activity WHERE datname = current_database() AND pid <> pg_backend_pid() AND backend_type = 'client backend'",
    );
    return left === 0;
  });
});
