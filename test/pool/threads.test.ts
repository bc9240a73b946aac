import { connect } from 'node:net';
import { Client } from 'pg';
import { expect, onTestFinished, test } from 'vitest';
import { loadPgbouncerIni, PoolService } from '../../src/pool/index.ts';
import { writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { createLog, Metrics } from '../../src/service/index.ts';
import { MessageWriter } from '../../src/wire/index.ts';
import { z } from 'zod';
import { postgres, temporaryFolder, waitFor, within, type TestDatabase } from '../kit/index.ts';

const server = postgres();
const threads = 3;

interface Crew {
  readonly service: PoolService;
  readonly metrics: Metrics;
  readonly file: string;
  /** So many clients that every thread has some. */
  readonly connectMany: (count: number) => Promise<Client[]>;
  readonly console: () => Promise<Client>;
}

async function startCrew(
  database: TestDatabase,
  settings: Record<string, string | number> = {},
): Promise<Crew> {
  const file = join(temporaryFolder(), 'pgbouncer.ini');
  writeIni(file, database, settings);
  const metrics = new Metrics();
  const log = createLog({ level: 'debug', write: () => undefined });
  const service = new PoolService({
    load: () => loadPgbouncerIni(file),
    log,
    version: '0',
    metrics,
  });
  service.start();
  onTestFinished(() => service.stop());
  await within('the threads', service.ready);
  const open = async (name = 'app'): Promise<Client> => {
    const client = new Client({
      host: '127.0.0.1',
      port: service.listener?.port ?? 0,
      user: 'postgres',
      database: name,
    });
    client.on('error', () => undefined);
    await client.connect();
    onTestFinished(() => client.end());
    return client;
  };
  return {
    service,
    metrics,
    file,
    connectMany: (count) => Promise.all(Array.from({ length: count }, () => open())),
    console: () => open('pgbouncer'),
  };
}

function writeIni(
  file: string,
  database: TestDatabase,
  settings: Record<string, string | number>,
): void {
  const { hostname, port } = new URL(database.url);
  const all = {
    listen_addr: '127.0.0.1',
    listen_port: 0,
    unix_socket_dir: '',
    auth_type: 'any',
    admin_users: 'postgres',
    pool_mode: 'transaction',
    workers: threads,
    ...settings,
  };
  const lines = Object.entries(all).map(([key, value]) => `${key} = ${value}`);
  const entry = `app = host=${hostname} port=${port} dbname=${database.name} user=postgres`;
  writeFileSync(file, ['[databases]', entry, '[pgbouncer]', ...lines, ''].join('\n'));
}

/** Which threads clients are in, by the numbers that SHOW CLIENTS tells. */
async function threadsOf(console: Client): Promise<Set<number>> {
  const { rows } = await console.query<{ id: string; database: string }>('SHOW CLIENTS');
  return new Set(
    rows.filter(({ database }) => database === 'app').map(({ id }) => Number(id) % threads),
  );
}

test('threads share a port, and one console shows the clients of all of them', async () => {
  const database = await server.database();
  const { connectMany, console } = await startCrew(database);
  const clients = await connectMany(24);
  await Promise.all(clients.map((client) => client.query('SELECT 1')));
  const operator = await console();
  expect((await threadsOf(operator)).size).toBe(threads);
  const { rows } = await operator.query('SHOW POOLS');
  const pool = rows.find((row: Record<string, unknown>) => row['database'] === 'app');
  expect(pool).toMatchObject({ cl_active: 24, cl_waiting: 0 });
  const { rows: totals } = await operator.query<Record<string, string>>('SHOW STATS_TOTALS');
  expect(totals.find((row) => row['database'] === 'app')).toMatchObject({ xact_count: '24' });
});

test('there are never more servers than the pool may have, over all threads', async () => {
  const database = await server.database();
  const { connectMany } = await startCrew(database, { default_pool_size: 2 });
  const clients = await connectMany(18);
  let most = 0;
  const over = new AbortController();
  const watching = (async () => {
    while (!over.signal.aborted) {
      const used = await database.value<number>(
        "SELECT count(*)::int FROM pg_stat_activity WHERE datname = current_database() AND application_name = 'pooled'",
      );
      most = Math.max(most, used);
    }
  })();
  await Promise.all(clients.map((client) => client.query("SET application_name = 'pooled'")));
  const rounds = Array.from({ length: 20 }, (_, i) => i);
  await Promise.all(
    clients.map(async (client, who) => {
      for (const round of rounds) {
        const { rows } = await client.query<{ mine: string }>('SELECT $1::text AS mine', [
          `${who} ${round}`,
        ]);
        expect(rows[0]?.mine).toBe(`${who} ${round}`);
      }
    }),
  );
  over.abort();
  await watching;
  expect(most).toBeGreaterThan(0);
  expect(most).toBeLessThanOrEqual(2);
});

test('a client does not wait while a server of its pool idles in another thread', async () => {
  const database = await server.database();
  const { connectMany, console } = await startCrew(database, { default_pool_size: 1 });
  const clients = await connectMany(24);
  const operator = await console();
  expect((await threadsOf(operator)).size).toBe(threads);
  // One after the other: each needs the one server, wherever it is. Waits for ever without lending.
  for (const client of clients)
    await within('a server from another thread', client.query('SELECT 1'), 5_000);
});

test('PAUSE, RESUME, RELOAD and SET are done by all threads', async () => {
  const database = await server.database();
  const other = await server.database();
  const { connectMany, console, file } = await startCrew(database);
  const clients = await connectMany(18);
  const operator = await console();
  await operator.query('PAUSE app');
  const held = clients.map(async (client) => {
    const { rows } = await client.query<{ name: string }>('SELECT current_database() AS name');
    return rows[0]?.name;
  });
  await waitFor('all of them to wait', async () => {
    const { rows } = await operator.query<Record<string, unknown>>('SHOW POOLS');
    return rows.some((row) => row['database'] === 'app' && row['cl_waiting'] === 18);
  });
  writeIni(file, other, {});
  await operator.query('RELOAD');
  await operator.query('RESUME app');
  expect(new Set(await within('the held queries', Promise.all(held)))).toEqual(
    new Set([other.name]),
  );

  await operator.query("SET default_pool_size = '3'");
  const { rows } = await operator.query<Record<string, string>>('SHOW DATABASES');
  expect(rows.find((row) => row['name'] === 'app')).toMatchObject({ pool_size: 3 });
});

test('a cancel request finds the thread of its client', async () => {
  const database = await server.database();
  const { connectMany, service } = await startCrew(database);
  const clients = await connectMany(12);
  const sleeping = clients.map((client) =>
    client.query('SELECT pg_sleep(60)').catch((error: unknown) => error),
  );
  await waitFor('all of them to sleep', async () => {
    const count = await database.value<number>(
      "SELECT count(*)::int FROM pg_stat_activity WHERE wait_event = 'PgSleep' AND datname = current_database()",
    );
    return count === 12;
  });
  // Every request comes on a connection of its own, to whichever thread the kernel chooses.
  for (const client of clients) cancel(client, service.listener?.port ?? 0);
  for (const ended of await within('the cancelled queries', Promise.all(sleeping))) {
    expect(ended).toMatchObject({ code: '57014' });
  }
});

function cancel(client: Client, port: number): void {
  const key = Buffer.alloc(4);
  key.writeInt32BE(z.number().parse(Reflect.get(client, 'secretKey')));
  const pid = z.number().parse(Reflect.get(client, 'processID'));
  const socket = connect({ host: '127.0.0.1', port });
  socket.on('error', () => undefined);
  socket.end(new MessageWriter().cancelRequest(pid, key).take());
}
