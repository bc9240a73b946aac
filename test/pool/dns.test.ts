import { once } from 'node:events';
import { connect, createServer, type Socket } from 'node:net';
import { describe, expect, onTestFinished, test } from 'vitest';
import { openPipeline, postgres, waitFor } from '../kit/index.ts';
import { startScene, type Scene } from './scene.ts';

const server = postgres();
const [first, second] = ['127.0.0.2', '127.0.0.3'];

/** The server under two addresses, and a name that has what `addresses` says. */
async function startNamed(settings: Record<string, string | number> = {}) {
  const port = await forward(first, 0);
  await forward(second, port);
  const database = await server.database();
  const named: { addresses: readonly string[] | Error } = { addresses: [first] };
  const scene = await startScene({
    databases: { app: `host=db.example port=${port} dbname=${database.name} user=postgres` },
    settings: { pool_mode: 'transaction', auth_type: 'any', ...settings },
    lookUp: () =>
      named.addresses instanceof Error
        ? Promise.reject(named.addresses)
        : Promise.resolve(named.addresses),
  });
  /** As if dns_max_ttl had passed and a server were opened. */
  const lookAgain = async (addresses: readonly string[] | Error): Promise<void> => {
    named.addresses = addresses;
    scene.pooler.dns.forget();
    await scene.pooler.dns.find('db.example').catch(() => undefined);
  };
  return { scene, database, lookAgain };
}

async function forward(host: string, port: number): Promise<number> {
  const sockets = new Set<Socket>();
  const listener = createServer((client) => {
    const upstream = connect({ port: server.port, host: '127.0.0.1' });
    for (const [one, other] of [
      [client, upstream],
      [upstream, client],
    ] as const) {
      sockets.add(one);
      one.on('error', () => undefined).on('close', () => other.destroy());
      one.pipe(other);
    }
  });
  listener.listen(port, host);
  await once(listener, 'listening');
  onTestFinished(() => {
    listener.close();
    for (const socket of sockets) socket.destroy();
  });
  const address = listener.address();
  return typeof address === 'object' && address !== null ? address.port : 0;
}

function addressesOf({ pooler }: Scene): (string | undefined)[] {
  return pooler.pools.flatMap(({ servers }) =>
    [...servers].map(({ leg }) => leg.socket.remoteAddress),
  );
}

// Only there is all of 127.0.0.0/8 this machine.
describe.skipIf(process.platform !== 'linux')('addresses of servers', () => {
  test('servers at an address that DNS has taken away are closed, at once or after their transaction', async () => {
    const { scene, lookAgain } = await startNamed();
    const [busy, idle] = await Promise.all([scene.client('app'), scene.client('app')]);
    await busy.query('BEGIN');
    await idle.query('SELECT 1');
    expect(addressesOf(scene)).toEqual([first, first]);
    await lookAgain([first, second]);
    expect(scene.pooler.pools[0]!.idle).toHaveLength(1);
    await lookAgain([second]);
    await waitFor('the idle one to go', () => addressesOf(scene).length === 1);
    await busy.query('SELECT 1');
    await busy.query('COMMIT');
    await waitFor('the other one to go', () => addressesOf(scene).length === 0);
    await busy.query('SELECT 1');
    expect(addressesOf(scene)).toEqual([second]);
  });

  test('a lookup that fails closes nobody; what it gives next does', async () => {
    const { scene, lookAgain } = await startNamed();
    const client = await scene.client('app');
    await client.query('SELECT 1');
    await lookAgain(new Error('ENOTFOUND'));
    await client.query('SELECT 1');
    expect(addressesOf(scene)).toEqual([first]);
    await lookAgain([second]);
    await waitFor('the server to go', () => addressesOf(scene).length === 0);
  });

  test('clients that LISTEN hear on at the new address', async () => {
    const { scene, database, lookAgain } = await startNamed();
    const client = await openPipeline(scene.port, { database: 'app' });
    await client.ask((w) => w.query('LISTEN news'));
    await lookAgain([second]);
    const { hub } = scene.pooler.pools[0]!;
    await waitFor('the move', () =>
      hub.isAt((_place, { socket }) => socket.remoteAddress === second),
    );
    await database.query("NOTIFY news, 'x'");
    expect(await client.until('A:')).toEqual(['A:news=x']);
  });
});
