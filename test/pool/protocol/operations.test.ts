import { describe, expect, test } from 'vitest';
import { ended, PipelineClient, postgres, waitFor } from '../../kit/index.ts';
import { startScene } from '../scene.ts';
import { startPair } from './pair.ts';

describe('operations', () => {
  const server = postgres();

  test('case 44: PAUSE waits for transactions, holds requests, and RESUME lets them go', async () => {
    const pair = await startPair(server, { poolSize: 2 });
    const [open, idle, busy] = await Promise.all([pair.pooled(), pair.pooled(), pair.pooled()]);
    await open.ask((w) => w.query('BEGIN'));
    const { operations } = pair.scene;
    let isPaused = false;
    const paused = operations.pause('app').then(() => (isPaused = true));
    const held = idle.ask((w) => w.query('SELECT 44'));
    // In the middle of its transaction a client goes on.
    expect(await open.ask((w) => w.query('SELECT 1'))).toContain('D:1');
    await waitFor('the other to wait', () => pair.pooler.pools[0]!.waiting.size === 1);
    expect(isPaused).toBe(false);
    expect(await open.ask((w) => w.query('COMMIT').query('SELECT 2').query('SELECT 3'), 1)).toEqual(
      ['C:COMMIT', 'Z:I'],
    );
    await paused;
    expect(pair.pooler.pools[0]!.servers.size).toBe(0);
    const late = busy.ask((w) => w.parse('', 'SELECT 45').bind('', '', []).execute('').sync());
    operations.resume('app');
    expect(await held).toContain('D:44');
    expect(await late).toContain('D:45');
    expect((await open.until(2)).filter((reply) => reply.startsWith('D:'))).toEqual(['D:2', 'D:3']);
    await pair.expectQuiet();
  });

  test('case 44: PAUSE in the middle of a pipeline waits for its last Sync', async () => {
    const pair = await startPair(server);
    const client = await pair.pooled();
    await client.ask(
      (w) => w.parse('a', 'SELECT $1::text').bind('', 'a', ['one']).execute('').flush(),
      'C:',
    );
    let isPaused = false;
    const paused = pair.scene.operations.pause('app').then(() => (isPaused = true));
    expect(await client.ask((w) => w.bind('', 'a', ['two']).execute('').flush(), 'C:')).toContain(
      'D:two',
    );
    expect(isPaused).toBe(false);
    expect(await client.ask((w) => w.sync())).toEqual(['Z:I']);
    await paused;
    const held = client.ask((w) => w.bind('', 'a', ['three']).execute('').sync());
    pair.scene.operations.resume('app');
    expect(await held).toContain('D:three');
    await pair.expectQuiet();
  });

  test('case 44: a replication client that comes during PAUSE is let in after RESUME', async () => {
    const pair = await startPair(server);
    const client = await pair.pooled();
    await client.ask((w) => w.query('SELECT 1'));
    const { operations } = pair.scene;
    await operations.pause('app');
    let isIn = false;
    const replication = pair
      .pooled({ parameters: { replication: 'database' } })
      .finally(() => (isIn = true));
    await waitFor('it to wait', () => pair.pooler.handshakes.size === 1);
    // Time enough for a login that would not wait.
    await pair.direct({ parameters: { replication: 'database' } });
    expect(isIn).toBe(false);
    expect(pair.pooler.pipes.size).toBe(0);
    operations.resume('app');
    expect(await (await replication).ask((w) => w.query('IDENTIFY_SYSTEM'))).toContain('Z:I');
    await expect(operations.pause('app', AbortSignal.timeout(100))).rejects.toThrow();
    (await replication).socket.destroy();
    await waitFor('its server to be gone', () => pair.pooler.pipes.size === 0);
    expect(pair.pooler.databases.get('app')?.serverCount).toBe(0);
  });

  test('two pools with a minimum do not take servers from each other for it', async () => {
    const database = await server.database('CREATE ROLE one LOGIN; CREATE ROLE two LOGIN');
    const scene = await startScene({
      databases: { app: database.url },
      settings: { pool_mode: 'transaction', min_pool_size: 3, max_db_connections: 4 },
      userlist: '"one" ""\n"two" ""\n',
    });
    for (const user of ['one', 'two']) {
      await (await scene.client('app', { user })).query('SELECT 1');
    }
    const ids = () => scene.pooler.pools.flatMap(({ servers }) => [...servers].map(({ id }) => id));
    const sweepUntilQuiet = async () => {
      scene.janitor.sweep();
      const isQuiet = () =>
        scene.pooler.pools.every(
          ({ loginsUnderWay, servers }) =>
            loginsUnderWay === 0 && [...servers].every(({ leg }) => leg.isOpen),
        );
      await waitFor('logins and ends of servers to be over', isQuiet);
    };
    for (let i = 0; i < 6; i++) await sweepUntilQuiet();
    const before = ids();
    expect(before).toHaveLength(4);
    for (let i = 0; i < 6; i++) await sweepUntilQuiet();
    expect(ids()).toEqual(before);
    // Clients that wait still get room.
    for (const { user } of scene.pooler.pools) {
      const clients = await Promise.all([1, 2, 3].map(() => scene.client('app', { user })));
      await Promise.all(clients.map((client) => client.query('BEGIN')));
      await Promise.all(clients.map((client) => client.query('COMMIT')));
    }
  });

  test('case 44: RECONNECT replaces servers at the end of their transactions', async () => {
    const pair = await startPair(server, { poolSize: 2 });
    const [open, other] = await Promise.all([pair.pooled(), pair.pooled()]);
    const pid = 'SELECT pg_backend_pid()';
    await open.ask((w) => w.query('BEGIN'));
    const before = (await open.ask((w) => w.query(pid)))[1];
    await other.ask((w) => w.query('SELECT 1'));
    pair.scene.operations.reconnect('app');
    expect((await open.ask((w) => w.query(pid)))[1]).toBe(before);
    await open.ask((w) => w.query('COMMIT'));
    await pair.scene.operations.waitClose('app');
    expect((await open.ask((w) => w.query(pid)))[1]).not.toBe(before);
    await pair.expectQuiet();
  });

  test('case 44: SHUTDOWN WAIT_FOR_SERVERS: transactions end, who waits and who comes is turned away', async () => {
    const pair = await startPair(server);
    const [open, waiting] = await Promise.all([pair.pooled(), pair.pooled()]);
    await open.ask((w) => w.query('BEGIN'));
    const turnedAway = waiting.ask((w) => w.query('SELECT 1'), ended);
    await waitFor('it to wait', () => pair.pooler.pools[0]!.waiting.size === 1);
    const { port } = pair.scene;
    const down = pair.scene.operations.shutdown('wait_for_servers');
    expect((await turnedAway).slice(-2)).toEqual(['F:57P01', ended]);
    const late = await PipelineClient.connect(port, { database: 'app' }).then(
      (client) => client.login(),
      () => ['refused'],
    );
    expect(['refused', ended, 'F:57P03', 'F:57P01']).toContain(late.at(-1));
    expect(await open.ask((w) => w.query('SELECT 1'))).toContain('D:1');
    expect(await open.ask((w) => w.query('COMMIT'))).toEqual(['C:COMMIT', 'Z:I']);
    await down;
    expect(pair.pooler.pools.every(({ servers }) => servers.size === 0)).toBe(true);
  });

  test('case 44: a client that is killed takes its server with it, and nobody else', async () => {
    const pair = await startPair(server);
    const [victim, other] = await Promise.all([pair.pooled(), pair.pooled()]);
    await victim.ask((w) => w.query('BEGIN'));
    const [known] = [...pair.pooler.clients].filter(({ server }) => server !== null);
    pair.scene.operations.killClient(known!.id);
    expect(await victim.until(ended)).toEqual(['F:08P01', ended]);
    expect(await other.ask((w) => w.query('SELECT 1'))).toContain('D:1');
    await pair.expectQuiet();
  });
});
