import { connect, type Socket } from 'node:net';
import { once } from 'node:events';
import { MessageWriter, ProtocolVersion } from '../../src/wire/index.ts';
import { startLocalServer } from '../../src/demo/index.ts';
import { pgbouncers } from '../../test/kit/pgbouncer-programs.ts';
import type { Bench, Measured } from '../kit/bench.ts';
import { startPgbouncer, startSluicePool, type PoolerSettings } from '../kit/poolers.ts';
import type { RunningPooler } from '../kit/poolers.ts';
import { versionOf } from '../kit/servers.ts';
import { entryOf } from './throughput.ts';

const clients = 10_000;
/** Logins under way at once. */
const burst = 200;
const peer = 'pgbouncer';

const bench: Bench = {
  name: 'pool-idle',
  about:
    `Resident memory of the pooler for each of ${clients.toLocaleString('en-US')} clients that have logged in, run one ` +
    'query and then do nothing, without TLS: what the process grew by, over their number.',
  runs: 3,
  comparisons: [{ metric: 'memory', unit: 'kB', better: 'lower', peer }],
  async setUp() {
    const server = await startLocalServer({ major: 17, settings: {} });
    await server.createDatabase('bench');
    const options: PoolerSettings = {
      databases: { bench: entryOf(server) },
      settings: {
        pool_mode: 'transaction',
        default_pool_size: 10,
        max_client_conn: clients + 2_000,
        listen_backlog: 1024,
      },
    };
    return {
      ours: { name: 'sluice', measure: () => measureMemory(() => startSluicePool(options)) },
      peers: [
        {
          name: peer,
          measure: () => measureMemory(() => startPgbouncer(pgbouncers.debian, options)),
        },
      ],
      versions: { postgres: await versionOf(server) },
      [Symbol.asyncDispose]: () => server.remove(),
    };
  },
};
export default bench;

async function measureMemory(start: () => Promise<RunningPooler>): Promise<Measured> {
  await using pooler = await start();
  // The first thousand pay for what the process needs anyway.
  const open: Socket[] = await openClients(pooler.port, 1000);
  const before = pooler.residentBytes();
  open.push(...(await openClients(pooler.port, clients)));
  const grown = pooler.residentBytes() - before;
  for (const socket of open) socket.destroy();
  return { memory: grown / clients / 1024 };
}

async function openClients(port: number, count: number): Promise<Socket[]> {
  const sockets: Socket[] = [];
  while (sockets.length < count) {
    const next = Math.min(burst, count - sockets.length);
    sockets.push(...(await Promise.all(Array.from({ length: next }, () => openClient(port)))));
  }
  return sockets;
}

/** Logged in, and one answer there. */
async function openClient(port: number): Promise<Socket> {
  const socket = connect({ host: '127.0.0.1', port, noDelay: true });
  await once(socket, 'connect');
  const parameters = { user: 'postgres', database: 'bench' };
  socket.write(new MessageWriter().startup(ProtocolVersion.v3_0, parameters).take());
  await untilReady(socket);
  socket.write(new MessageWriter().query('SELECT 1').take());
  await untilReady(socket);
  return socket;
}

/** ReadyForQuery is the last thing that a server says: `Z`, 5, `I`. */
async function untilReady(socket: Socket): Promise<void> {
  const { promise, resolve, reject } = Promise.withResolvers<void>();
  const take = (bytes: Buffer): void => {
    if (bytes.length >= 6 && bytes.at(-6) === 0x5a && bytes.at(-1) === 0x49) resolve();
  };
  socket.on('data', take);
  socket.once('close', () => reject(new Error('the pooler hung up')));
  await promise;
  socket.off('data', take);
}
