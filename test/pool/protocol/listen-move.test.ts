import { describe, expect, test } from 'vitest';
import { PoolGate } from '../../../src/pool/index.ts';
import {
  openPipeline,
  postgres,
  startProxy,
  waitFor,
  type PipelineClient,
} from '../../kit/index.ts';
import { startScene } from '../scene.ts';

const server = postgres();
const settings = { pool_mode: 'transaction', default_pool_size: 1 };

/** A pool in front of one database, a client that listens on `news`, and a database to move to. */
async function startListening() {
  const [before, after] = await Promise.all([server.database(), server.database()]);
  const scene = await startScene({ databases: { app: before.url }, settings });
  const open = (): Promise<PipelineClient> => openPipeline(scene.port, { database: 'app' });
  const [listener, other] = await Promise.all([open(), open()]);
  await listener.ask((w) => w.query('LISTEN news'));
  const listeners = (database: typeof before): Promise<number> =>
    database.value<number>(
      "SELECT count(*)::int FROM pg_stat_activity WHERE application_name = 'sluice pool listener' AND datname = current_database()",
    );
  return { scene, before, after, listener, other, listeners };
}

/** The first transaction after the move is heard, and so is what others notify; nobody listens where it was. */
async function expectHeardAfter(
  { listener, other, before, after, listeners }: Awaited<ReturnType<typeof startListening>>,
  resume: () => Promise<unknown> | void,
): Promise<void> {
  const asked = other.ask((w) => w.query("NOTIFY news, 'first'"));
  await resume();
  expect(await asked).toEqual(['C:NOTIFY', 'Z:I']);
  expect(await listener.until('A:')).toEqual(['A:news=first']);
  await after.query("NOTIFY news, 'direct'");
  expect(await listener.until('A:')).toEqual(['A:news=direct']);
  await waitFor('the old listener to be gone', async () => (await listeners(before)) === 0);
  expect(await listener.ask((w) => w.query('SELECT 1'))).toContain('D:1');
}

describe('clients that LISTEN when their database moves', () => {
  test('by a gate: they hear the first transaction on the new server', async () => {
    const moving = await startListening();
    const { scene, before, after } = moving;
    const gate = new PoolGate(scene.operations, 'app');
    await gate.pause(5000);
    await before.query("NOTIFY news, 'while paused'");
    expect(await moving.listener.until('A:')).toEqual(['A:news=while paused']);
    const { hostname: host, port } = new URL(after.url);
    await gate.redirect({ host, port: Number(port), database: after.name });
    await expectHeardAfter(moving, () => gate.resume());
  });

  test('by a gate that is given up: they hear what they heard before', async () => {
    const moving = await startListening();
    const { scene, before, after } = moving;
    const gate = new PoolGate(scene.operations, 'app');
    await gate.pause(5000);
    const { hostname: host, port } = new URL(after.url);
    await gate.redirect({ host, port: Number(port), database: after.name });
    await expectHeardAfter({ ...moving, before: after, after: before }, () => gate.abort());
  });

  test('by PAUSE, RELOAD and RESUME in the console', async () => {
    const moving = await startListening();
    const { scene, after } = moving;
    const console = await scene.console();
    await console.query('PAUSE app');
    await scene.configure({ databases: { app: after.url } });
    await console.query('RELOAD');
    await expectHeardAfter(moving, () => console.query('RESUME app').then(() => undefined));
  });

  test('by RELOAD alone', async () => {
    const moving = await startListening();
    const { scene, after } = moving;
    await scene.configure({ databases: { app: after.url } });
    await scene.operations.reload();
    await expectHeardAfter(moving, () => undefined);
  });

  test('RECONNECT under fire: each notification comes once, in order', async () => {
    const { scene, before, listener, listeners } = await startListening();
    const most = 300;
    const notified = (async () => {
      for (let i = 0; i < most; i++) await before.query(`NOTIFY news, '${i}'`);
    })();
    for (let i = 0; i < 5; i++) {
      scene.operations.reconnect('app');
      await waitFor('the move', () => !scene.pooler.pools[0]!.hub.isMoving);
    }
    await notified;
    const heard = await listener.until(`A:news=${most - 1}`);
    expect(heard).toEqual(Array.from({ length: most }, (_, i) => `A:news=${i}`));
    await waitFor('the old ones to be gone', async () => (await listeners(before)) === 1);
  });

  test('a LISTEN, an UNLISTEN and a client that leaves, while it moves', async () => {
    const { scene, before, listener, other } = await startListening();
    await other.ask((w) => w.query('LISTEN late'));
    scene.operations.reconnect('app');
    const [listened] = await Promise.all([
      listener.ask((w) => w.query('LISTEN more')),
      other.ask((w) => w.query('UNLISTEN late')),
    ]);
    expect(listened).toEqual(['C:LISTEN', 'Z:I']);
    await before.query("NOTIFY late, 'x'");
    await before.query("NOTIFY more, 'y'");
    expect(await listener.until('A:')).toEqual(['A:more=y']);
    expect(await other.ask((w) => w.query('SELECT 1'))).not.toContain('A:late=x');
    scene.operations.reconnect('app');
    await listener.close();
    await waitFor('no hub', () => scene.pooler.pools[0]!.hub.channelCount === 0);
    expect(await other.ask((w) => w.query('SELECT 2'))).toContain('D:2');
  });

  test('to a server that is not there yet: they hear the old one until it is', async () => {
    const [before, after] = await Promise.all([server.database(), server.database()]);
    const scene = await startScene({ databases: { app: before.url }, settings });
    const proxy = await startProxy({ port: server.port });
    const [listener, other] = await Promise.all(
      [1, 2].map(() => openPipeline(scene.port, { database: 'app' })),
    );
    await listener!.ask((w) => w.query('LISTEN news'));
    proxy.refuse();
    await scene.configure({ databases: { app: proxy.url(after.url) } });
    await scene.operations.reload();
    const asked = other!.ask((w) => w.query("NOTIFY news, 'first'"));
    await waitFor('an attempt', () =>
      scene.logged.some((line) => line.includes('cannot listen at its new place yet')),
    );
    await before.query("NOTIFY news, 'still here'");
    expect(await listener!.until('A:')).toEqual(['A:news=still here']);
    await proxy.accept();
    expect(await asked).toEqual(['C:NOTIFY', 'Z:I']);
    expect(await listener!.until('A:')).toEqual(['A:news=first']);
  });

  test('to a server that refuses them: they are told, and the others go on', async () => {
    const { scene, before, listener, other } = await startListening();
    await scene.configure({
      databases: { app: `${before.url}_nowhere` },
    });
    await scene.operations.reload();
    expect(await listener.until('end')).toEqual(['F:57P01', 'end']);
    expect(await other.ask((w) => w.query('SELECT 1'), 'end')).toContain('end');
  });
});

test('who waited for the end of a move is served behind what is being composed, not in its middle', async () => {
  const scene = await startScene({
    databases: { app: (await server.database()).url },
    settings: { pool_mode: 'transaction' },
  });
  const client = await scene.client('app');
  await client.query('SELECT 1');
  const [pool] = scene.pooler.pools;
  pool!.database.isPaused = true;
  const waiting = client.query('SELECT 2 AS n');
  await waitFor('it to wait', () => pool!.waiting.size === 1);
  pool!.database.isPaused = false;
  // As an UNLISTEN among a client's requests does, when it was the last.
  pool!.onHubMoved();
  expect(pool!.waiting.size).toBe(1);
  expect((await waiting).rows).toEqual([{ n: 2 }]);
});
