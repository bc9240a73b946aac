import { readFile, rename, writeFile } from 'node:fs/promises';
import { join } from 'node:path';
import { beforeEach, expect, test } from 'vitest';
import { postgres, temporaryFolder, waitFor, within } from '../kit/index.ts';
import { connect, lineTo, startPool, writeIni } from './pool-process.ts';

const server = postgres();

let folder: string;
beforeEach(() => {
  folder = temporaryFolder();
});

async function served(settings: Record<string, string | number> = {}) {
  const database = await server.database();
  const file = await writeIni(folder, { databases: { app: lineTo(database) }, settings });
  const pool = await startPool(file);
  return { ...pool, database, file, client: await connect(pool.port) };
}

test('TERM waits for clients to leave, and lets no new one in', async () => {
  const { sluice, port, client } = await served();
  sluice.signal('SIGTERM');
  await sluice.says(/shutting down/);
  await expect(connect(port)).rejects.toThrow(/ECONNREFUSED|shutting down/);
  expect((await client.query('SELECT 1 AS n')).rows).toEqual([{ n: 1 }]);
  await client.end();
  expect(await sluice.ended()).toMatchObject({ exitCode: 0 });
});

test('a second TERM does not wait', async () => {
  const { sluice, client } = await served();
  await client.query('BEGIN');
  sluice.signal('SIGTERM');
  await sluice.says(/shutting down/);
  // Two within a moment count as one.
  await waitFor(
    'the second signal to count',
    () => {
      sluice.signal('SIGTERM');
      return !sluice.isRunning;
    },
    { everyMs: 400 },
  );
  expect(await sluice.ended()).toMatchObject({ exitCode: 0 });
});

test('INT waits for the transactions under way', async () => {
  const { sluice, client, database } = await served();
  await database.query('CREATE TABLE kept (n int)');
  await client.query('BEGIN');
  await client.query('INSERT INTO kept VALUES (1)');
  sluice.signal('SIGINT');
  await sluice.says(/shutting down/);
  await client.query('COMMIT');
  expect(await sluice.ended()).toMatchObject({ exitCode: 0 });
  expect(await database.value('SELECT n FROM kept')).toBe(1);
});

test('QUIT ends at once', async () => {
  const { sluice, client } = await served();
  await client.query('BEGIN');
  sluice.signal('SIGQUIT');
  expect(await sluice.ended()).toMatchObject({ exitCode: 0 });
  await expect(client.query('SELECT 1')).rejects.toThrow(/shutting down|terminated|not queryable/);
});

test('USR1 holds clients, USR2 lets them go on', async () => {
  const { sluice, client } = await served();
  await client.query('SELECT 1');
  sluice.signal('SIGUSR1');
  await sluice.says(/"signal":"SIGUSR1"/);
  await sluice.says(/"reason":"pause mode"/);
  let isAnswered = false;
  const answer = client.query('SELECT 2 AS n').then(({ rows }) => {
    isAnswered = true;
    return rows;
  });
  const watching = await connect(client.port, 'pgbouncer');
  await waitFor('the client to wait', async () => {
    const { rows } = await watching.query('SHOW POOLS');
    return rows.some(({ database, cl_waiting }) => database === 'app' && Number(cl_waiting) === 1);
  });
  expect(isAnswered).toBe(false);
  sluice.signal('SIGUSR2');
  expect(await within('the client to go on', answer)).toEqual([{ n: 2 }]);
});

test('HUP of a bad file keeps the configuration, and says which line it is', async () => {
  const { sluice, client, port, file } = await served({ default_pool_size: 7 });
  await writeFile(file, '[databases]\n[pgbouncer]\ndefault_pool_size = many\n');
  sluice.signal('SIGHUP');
  await sluice.says(/RELOAD failed.*/);
  expect(sluice.stderr).toContain(`${file}:3: default_pool_size: `);
  const console = await connect(port, 'pgbouncer');
  const { rows } = await console.query('SHOW CONFIG');
  expect(rows).toContainEqual(expect.objectContaining({ key: 'default_pool_size', value: '7' }));
  expect((await client.query('SELECT 1 AS n')).rows).toEqual([{ n: 1 }]);
});

test('HUP puts what changed in force, and opens the log file again', async () => {
  const log = join(folder, 'pool.log');
  const { sluice, port, file, database } = await served({ logfile: log });
  await rename(log, `${log}.1`);
  await writeIni(folder, {
    databases: { app: lineTo(database), more: lineTo(database) },
    settings: { logfile: log, default_pool_size: 3 },
  });
  sluice.signal('SIGHUP');
  const more = await waitFor('the new database', () => connect(port, 'more').catch(() => null));
  expect((await more.query('SELECT 1 AS n')).rows).toEqual([{ n: 1 }]);
  expect(await readFile(log, 'utf8')).toContain('"database":"more"');
  expect(file).toContain(folder);
});
