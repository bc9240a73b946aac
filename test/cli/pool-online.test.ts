import { once } from 'node:events';
import { mkdir } from 'node:fs/promises';
import { Socket } from 'node:net';
import { join } from 'node:path';
import type { Client } from 'pg';
import { beforeEach, describe, expect, test } from 'vitest';
import { z } from 'zod';
import { findFreePort, postgres, temporaryFolder, waitFor, within } from '../kit/index.ts';
import { connect, lineTo, startPool, writeIni } from './pool-process.ts';

const other = postgres();
const server = postgres();

let folder: string;
beforeEach(() => {
  folder = temporaryFolder();
});

describe('while clients work', () => {
  test('a database moves to another server by PAUSE, RELOAD, RESUME: they see a wait, no more', async () => {
    const table = 'CREATE TABLE seen (n int)';
    const [here, there] = [await server.database(table), await other.database(table)];
    const { port } = await startPool(await writeIni(folder, { databases: { app: lineTo(here) } }));
    const console = await connect(port, 'pgbouncer');
    const stop = new AbortController();
    const clients = await Promise.all(Array.from({ length: 5 }, () => connect(port)));
    let sent = 0;
    const writers = clients.map(async (client) => {
      while (!stop.signal.aborted) {
        await client.query('BEGIN');
        await client.query('INSERT INTO seen VALUES ($1)', [++sent]);
        await client.query('COMMIT');
      }
    });
    await waitFor(
      'rows here',
      async () => (await here.value<string>('SELECT count(*) FROM seen')) !== '0',
    );
    await console.query('PAUSE app');
    const before = await here.value('SELECT count(*) FROM seen');
    await writeIni(folder, { databases: { app: lineTo(there) } });
    await console.query('RELOAD');
    await console.query('RESUME app');
    await waitFor(
      'rows there',
      async () => Number(await there.value('SELECT count(*) FROM seen')) > 50,
    );
    stop.abort();
    await Promise.all(writers);
    expect(await here.value('SELECT count(*) FROM seen')).toBe(before);
    const after = await there.value('SELECT count(*) FROM seen');
    expect(Number(before) + Number(after)).toBe(sent);
  });

  test('several processes share a port, and a cancel request finds its way to the right one', async () => {
    const database = await server.database();
    const sockets = [join(folder, 'one'), join(folder, 'two')];
    await Promise.all(sockets.map((socket) => mkdir(socket)));
    const listenPort = await findFreePort();
    const start = async (peer: number) =>
      startPool(
        await writeIni(
          folder,
          {
            databases: { app: lineTo(database) },
            settings: {
              listen_port: listenPort,
              so_reuseport: 1,
              peer_id: peer,
              unix_socket_dir: sockets[peer - 1] ?? '',
            },
            peers: Object.fromEntries(
              sockets.map((socket, at) => [at + 1, `host=${socket} port=${listenPort}`]),
            ),
          },
          `${peer}.ini`,
        ),
      );
    const [one] = await Promise.all([start(1), start(2)]);
    const clients = await Promise.all(Array.from({ length: 12 }, () => connect(listenPort)));
    for (const client of clients) {
      const running = client.query('SELECT pg_sleep(30)').catch((error: unknown) => error);
      await waitFor('the query to run', () =>
        database
          .rows(
            "SELECT 1 FROM pg_stat_activity WHERE query LIKE 'SELECT pg_sleep%' AND state = 'active'",
          )
          .then((rows) => rows.length > 0),
      );
      // Each of these connections goes to whichever process the kernel picks.
      await cancel(client, listenPort);
      expect(await within('the cancelled query', running)).toMatchObject({ code: '57014' });
    }
    expect(one.sluice.isRunning).toBe(true);
  });
});

/** What a driver sends to cancel, on a connection of its own. */
async function cancel(client: Client, port: number): Promise<void> {
  const key = z.looseObject({ processID: z.number(), secretKey: z.number() }).parse(client);
  const request = Buffer.alloc(16);
  request.writeInt32BE(16, 0);
  request.writeInt32BE(80877102, 4);
  request.writeInt32BE(key.processID, 8);
  request.writeInt32BE(key.secretKey, 12);
  const socket = new Socket().connect(port, '127.0.0.1');
  await once(socket, 'connect');
  socket.end(request);
  await once(socket.resume(), 'close');
}
