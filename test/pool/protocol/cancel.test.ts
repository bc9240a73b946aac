import { once } from 'node:events';
import { createServer, type Socket } from 'node:net';
import { describe, expect, onTestFinished, test } from 'vitest';
import { showPeerPools } from '../../../src/pool/console/show/peer-pools.ts';
import { MessageWriter, ProtocolVersion } from '../../../src/wire/index.ts';
import {
  bytesOf,
  openPipeline,
  PipelineClient,
  postgres,
  startProxy,
  waitFor,
  within,
} from '../../kit/index.ts';
import { startScene } from '../scene.ts';
import { outerMajors, Pair, startPair } from './pair.ts';
import { clientTls } from './tls.ts';

const sleep = 'SELECT pg_sleep(30)';

/** What a server leaves out until a Sync. */
function anything(w: MessageWriter): MessageWriter {
  return w.bind('', 's', []).execute('').query('SELECT 4').flush();
}

describe.each(outerMajors)('cancel requests, PostgreSQL %i', (major) => {
  const server = postgres(major);

  /** A query of this client's runs on a server. */
  async function startSleeping(pair: Pair, client: PipelineClient): Promise<void> {
    await client.send((w) => w.query(sleep));
    await waitFor('the query to run', async () => {
      const [row] = await server.query(
        `SELECT count(*)::int AS n FROM pg_stat_activity WHERE datname = '${pair.database.name}' AND query = '${sleep}' AND state = 'active'`,
      );
      return row!['n'] === 1;
    });
  }

  test('case 22: a running query is cancelled, its client goes on', async () => {
    const pair = await startPair(server);
    const client = await pair.pooled();
    await startSleeping(pair, client);
    await client.cancel();
    expect((await client.until(1)).slice(-2)).toEqual(['E:57014', 'Z:I']);
    expect(await client.ask((w) => w.query('SELECT 1'))).toContain('D:1');
    await pair.expectQuiet();
  });

  test('case 22: ... in a transaction and in a pipeline', async () => {
    const pair = await startPair(server);
    const client = await pair.pooled();
    await client.ask((w) => w.query('BEGIN'));
    await startSleeping(pair, client);
    await client.cancel();
    expect((await client.until(1)).slice(-2)).toEqual(['E:57014', 'Z:E']);
    await client.ask((w) => w.query('ROLLBACK'));
    await client.send((w) =>
      w.parse('', sleep).bind('', '', []).execute('').sync().query('SELECT 2'),
    );
    await waitFor(
      'the query to run',
      () => [...pair.pooler.pools[0]!.servers][0]!.expected.size > 0,
    );
    await waitFor('the cancel to be heard', async () => {
      await client.cancel();
      return client.unread.includes('E:57014');
    });
    expect((await client.until(2)).slice(-4)).toEqual(['T:?column?', 'D:2', 'C:SELECT 1', 'Z:I']);
    await pair.expectQuiet();
  });

  test('case 22: a cancel never hits the next client', async () => {
    const pair = await startPair(server);
    const [a, b] = await Promise.all([pair.pooled(), pair.pooled()]);
    // The cancel is sent when the query is nearly over, and once more behind it.
    for (let round = 0; round < 40; round++) {
      const own = a.ask((w) => w.query('SELECT pg_sleep(0.002)'));
      const query = 'SELECT pg_sleep(0.002)';
      const others = b.ask((w) => w.query(query).query(query).query(query), 3);
      const cancels = [a.cancel(), a.cancel()];
      expect((await others).filter((reply) => reply === 'C:SELECT 1')).toHaveLength(3);
      expect((await own).at(-1)).toBe('Z:I');
      await Promise.all(cancels);
    }
    await pair.expectQuiet();
  });

  test('case 22: ... for its server is held until the request has arrived', async () => {
    const database = await server.database();
    const proxy = await startProxy({ port: server.port });
    const scene = await startScene({
      databases: { app: proxy.url(database.url) },
      settings: { pool_mode: 'transaction', default_pool_size: 1 },
    });
    const pair = new Pair(server, database, scene);
    const [a, b] = await Promise.all([pair.pooled(), pair.pooled()]);
    await a.ask((w) => w.query('SELECT 1'));
    const own = a.ask((w) => w.query('SELECT pg_sleep(0.3)'));
    await waitFor(
      'the query to be sent',
      () => [...pair.pooler.pools[0]!.servers][0]!.expected.size === 1,
    );
    await waitFor('it to have reached the server', () =>
      server
        .query(
          `SELECT FROM pg_stat_activity WHERE datname = '${database.name}' AND state = 'active'`,
        )
        .then(({ length }) => length === 1),
    );
    proxy.toServer.stall();
    const cancelled = a.cancel();
    expect(await own).toContain('C:SELECT 1');
    const answer = b.ask((w) => w.query('SELECT pg_sleep(0.1)'));
    await waitFor('b to wait', () => pair.pooler.pools[0]!.waiting.size === 1);
    expect(pair.pooler.cancels.count).toBe(1);
    proxy.toServer.resume();
    await cancelled;
    expect(await answer).toContain('C:SELECT 1');
    await pair.expectQuiet();
  });

  test('case 22: a client that waits for a server leaves the queue, its other requests stay', async () => {
    const pair = await startPair(server);
    const [hog, client] = await Promise.all([pair.pooled(), pair.pooled()]);
    await hog.ask((w) => w.query('BEGIN'));
    await client.send((w) => w.query('SELECT 1').query('SELECT 2'));
    await waitFor('it to wait', () => pair.pooler.pools[0]!.waiting.size === 1);
    await client.cancel();
    expect(await client.until(1)).toEqual(['E:57014', 'Z:I']);
    await hog.ask((w) => w.query('COMMIT'));
    expect(await client.until(1)).toContain('D:2');
    await hog.ask((w) => w.query('BEGIN'));
    await client.send((w) => w.parse('s', 'SELECT 3').bind('', 's', []).execute('').sync());
    await waitFor('it to wait', () => pair.pooler.pools[0]!.waiting.size === 1);
    await client.cancel();
    expect(await client.until(1)).toEqual(['E:57014', 'Z:I']);
    await hog.ask((w) => w.query('COMMIT'));
    expect(await client.ask((w) => w.bind('', 's', []).sync())).toEqual(['E:26000', 'Z:I']);
    await pair.expectQuiet();
  });

  test('case 22: ... and one that has only flushed is told, and heard again from its Sync on', async () => {
    const pair = await startPair(server);
    for (const split of [undefined, (bytes: Buffer) => [...bytes].map((byte) => Buffer.of(byte))]) {
      const [hog, client] = await Promise.all([
        pair.pooled(),
        pair.pooled(split === undefined ? {} : { split }),
      ]);
      await hog.ask((w) => w.query('BEGIN'));
      await client.send((w) => w.parse('s', 'SELECT 3').describe('statement', 's').flush());
      await waitFor('it to wait', () => pair.pooler.pools[0]!.waiting.size === 1);
      await client.cancel();
      expect(await client.next()).toBe('E:57014');
      expect(pair.pooler.pools[0]!.waiting.size).toBe(0);
      await hog.ask((w) => w.query('COMMIT'));
      expect(await client.ask((w) => anything(w).sync())).toEqual(['Z:I']);
      expect(await client.ask((w) => w.query('SELECT 5'))).toContain('D:5');
      expect(await client.ask((w) => w.bind('', 's', []).sync())).toEqual(['E:26000', 'Z:I']);
      await pair.expectQuiet();
      await Promise.all([hog, client].map((one) => one.close()));
    }
  });

  test('case 22: ... and one whose request has come only in part has nothing to cancel yet', async () => {
    const pair = await startPair(server);
    const [hog, client] = await Promise.all([pair.pooled(), pair.pooled()]);
    await hog.ask((w) => w.query('BEGIN'));
    const bytes = bytesOf((w) => w.query(`SELECT 22 /* ${'.'.repeat(400)} */`));
    // Enough to know that its text does not matter to the pool: the rest may come when there is a server.
    await client.sendBytes(bytes.subarray(0, 200));
    await waitFor('it to wait', () => pair.pooler.pools[0]!.waiting.size === 1);
    await client.cancel();
    await client.sendBytes(bytes.subarray(200));
    await hog.ask((w) => w.query('COMMIT'));
    expect(await client.until(1)).toContain('D:22');
    await pair.expectQuiet();
  });

  test('case 22: a wrong key, an unknown number and an idle client come to nothing', async () => {
    const pair = await startPair(server);
    const [client, idle] = await Promise.all([pair.pooled(), pair.pooled()]);
    await startSleeping(pair, client);
    const { pid, key } = client.key;
    const wrong = Buffer.from(key.map((byte) => byte ^ 1));
    await sendAlone(pair.scene.port, new MessageWriter().cancelRequest(pid, wrong).take());
    await sendAlone(pair.scene.port, new MessageWriter().cancelRequest(pid ^ 5, key).take());
    await sendAlone(pair.scene.port, new MessageWriter().cancelRequest(0, Buffer.alloc(4)).take());
    await idle.cancel();
    expect(client.unread).toEqual([]);
    await client.cancel();
    expect((await client.until(1)).at(-1)).toBe('Z:I');
  });

  test('case 23: a cancel that comes to another process finds its way', async () => {
    const database = await server.database();
    const common = { pool_mode: 'transaction', default_pool_size: 1 };
    const second = await startScene({
      databases: { app: database.url },
      settings: { ...common, peer_id: 2 },
    });
    const first = await startScene({
      databases: { app: database.url },
      settings: { ...common, peer_id: 1 },
      peers: { 1: 'host=127.0.0.1 port=1', 2: `host=127.0.0.1 port=${second.port}` },
    });
    const client = await openPipeline(second.port, { database: 'app' });
    await startSleeping(new Pair(server, database, second), client);
    const request = new MessageWriter().cancelRequest(client.key.pid, client.key.key).take();
    await within('the request to be passed on', sendAlone(first.port, request));
    expect((await client.until(1)).at(-1)).toBe('Z:I');
    expect(client.errors[0]?.sqlstate).toBe('57014');
    // One for a process that nobody knows ends there.
    await sendAlone(
      second.port,
      new MessageWriter().cancelRequest(7 * 2 ** 17 + 1, Buffer.alloc(4)).take(),
    );
  });

  test('case 23: ... and is seen on its way in SHOW PEER_POOLS', async () => {
    const sockets: Socket[] = [];
    const peer = createServer((socket) => sockets.push(socket));
    onTestFinished(() => {
      for (const socket of sockets) socket.destroy();
      peer.close();
    });
    peer.listen(0, '127.0.0.1');
    await once(peer, 'listening');
    const address = peer.address();
    const port = typeof address === 'object' && address !== null ? address.port : 0;
    const scene = await startScene({
      databases: {},
      settings: { peer_id: 1 },
      peers: { 2: `host=127.0.0.1 port=${port}`, 3: 'host=127.0.0.1 port=1' },
    });
    const console = await scene.console();
    const seen = async (): Promise<unknown[]> => {
      const { rows } = await console.query({ text: 'SHOW PEER_POOLS', rowMode: 'array' });
      return rows;
    };
    const idle = [3, 0, 0, 0, 0];
    const passed = scene.pooler.cancels.cancel(2 * 2 ** 17 + 5, Buffer.alloc(4));
    expect(showPeerPools.rows(scene.consoles)).toEqual([[2, 0, 1, 0, 1], idle]);
    await waitFor('it to arrive', () => sockets.length > 0);
    expect(await seen()).toEqual([[2, 1, 0, 1, 0], idle]);
    for (const socket of sockets) socket.end();
    await passed;
    expect(await seen()).toEqual([[2, 0, 0, 0, 0], idle]);
  });

  test('case 24: a cancel request may come over TLS', async () => {
    const pair = await startPair(server, { settings: await clientTls() });
    for (const tls of ['request', 'direct'] as const) {
      const client = await pair.pooled({ tls });
      await startSleeping(pair, client);
      await client.cancel({ tls });
      expect((await client.until(1)).slice(-2)).toEqual(['E:57014', 'Z:I']);
      await client.close();
    }
  });

  test('case 25: long keys for those who speak 3.2, four bytes for others; the whole key counts', async () => {
    const pair = await startPair(server);
    const old = await pair.pooled({ version: ProtocolVersion.v3_0 });
    const recent = await pair.pooled({ version: ProtocolVersion.v3_2 });
    expect(old.key.key).toHaveLength(4);
    expect(recent.key.key).toHaveLength(32);
    await startSleeping(pair, recent);
    const { pid, key } = recent.key;
    for (const short of [key.subarray(0, 4), key.subarray(0, 31), Buffer.alloc(256, 1)]) {
      await sendAlone(pair.scene.port, new MessageWriter().cancelRequest(pid, short).take());
    }
    expect(recent.unread).toEqual([]);
    await recent.cancel();
    expect((await recent.until(1)).at(-1)).toBe('Z:I');
    expect(recent.errors[0]?.sqlstate).toBe('57014');
  });
});

/** One packet on a connection of its own; resolves when the other side has hung up. */
async function sendAlone(port: number, bytes: Buffer): Promise<void> {
  const alone = await PipelineClient.connect(port);
  await alone.sendBytes(bytes);
  expect(await alone.next()).toBe('end');
}
