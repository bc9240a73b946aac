import { spawn, type ChildProcess } from 'node:child_process';
import { once } from 'node:events';
import { chmod } from 'node:fs/promises';
import { connect, createServer, type Server, type Socket } from 'node:net';
import { join } from 'node:path';
import { afterEach, beforeEach, describe, expect, test } from 'vitest';
import { parsePeers, peerUid, socketInode } from '../../../src/pool/auth/peer-uid.ts';
import { systemUserName } from '../../../src/pool/auth/system-user.ts';
import { temporaryFolder } from '../../kit/index.ts';

const nobody = 65534;
const isRoot = process.getuid?.() === 0;
/** A client in another process: connects, and stays until its input ends. */
const clientSource = `
  const socket = require('node:net').connect(process.argv[1]);
  socket.on('error', () => process.exit(1));
  process.stdin.resume().on('end', () => process.exit(0));`;

let server: Server;
let path: string;
const sockets: Socket[] = [];
const children: ChildProcess[] = [];

beforeEach(async () => {
  const folder = temporaryFolder();
  await chmod(folder, 0o755);
  path = join(folder, 'peer.sock');
  server = createServer().listen(path);
  await once(server, 'listening');
  await chmod(path, 0o777);
});

afterEach(async () => {
  for (const child of children.splice(0)) {
    child.stdin?.end();
    if (child.exitCode === null) await once(child, 'exit');
  }
  for (const socket of sockets.splice(0)) socket.destroy();
  server.close();
});

async function accept(): Promise<Socket> {
  const [socket]: Socket[] = await once(server, 'connection');
  if (!socket) throw new Error('nothing was accepted');
  sockets.push(socket);
  return socket;
}

function startClient(uid: number): void {
  startNode(clientSource, uid);
}

function startNode(source: string, uid = process.getuid?.() ?? 0): void {
  const child = spawn(process.execPath, ['-e', source, path], {
    uid,
    stdio: ['pipe', 'inherit', 'inherit'],
  });
  children.push(child);
}

describe('peerUid', () => {
  test('names the uid of this very process', async () => {
    sockets.push(connect(path));
    expect(await peerUid(await accept())).toBe(process.getuid?.());
  });

  test.skipIf(!isRoot)('names the uid of a process of another user', async () => {
    startClient(nobody);
    expect(await peerUid(await accept())).toBe(nobody);
  });

  test.skipIf(!isRoot)('keeps many clients of several users apart', async () => {
    startClient(nobody);
    const theirs = await accept();
    sockets.push(connect(path));
    const ours = await accept();
    const asked = [theirs, ours, theirs, ours].map(peerUid);
    expect(await Promise.all(asked)).toEqual([nobody, 0, nobody, 0]);
  });

  test.skipIf(!isRoot)(
    'names nobody when the socket is in the hands of another user than its maker',
    async () => {
      // A process of root connects, and a child of another user inherits the socket.
      const source = `
        const { spawn } = require('node:child_process');
        const socket = require('node:net').connect(process.argv[1], () => {
          const child = spawn('/bin/cat', [], { uid: ${nobody}, stdio: ['pipe', 'pipe', 'inherit', socket] });
          child.stdout.once('data', () => socket.destroy());
          child.stdin.write('up');
          process.stdin.resume().on('end', () => { child.stdin.end(); child.on('exit', () => process.exit(0)); });
        });`;
      startNode(source);
      const socket = await accept();
      // While both hold it, and after only the heir does.
      expect(await peerUid(socket)).toBeOneOf([0, null]);
      await expect.poll(() => peerUid(socket), { timeout: 5000 }).toBeNull();
    },
  );

  test('names nobody once the client is gone', async () => {
    const client = connect(path);
    const socket = await accept();
    client.destroy();
    await once(client, 'close');
    expect(await peerUid(socket)).toBeNull();
    socket.destroy();
    expect(socketInode(socket)).toBeNull();
    expect(await peerUid(socket)).toBeNull();
  });
});

describe('parsePeers', () => {
  const pair = [
    'u_str ESTAB 0      0      /tmp/a b.sock 100 * 101 ',
    'u_str ESTAB 0      0                  * 101 * 100 ',
  ];

  test('reads both directions, blanks in names included', () => {
    expect([...parsePeers(pair.join('\n'))]).toEqual([
      [100, 101],
      [101, 100],
    ]);
  });

  test('does not believe a name that looks like a line', () => {
    const forged = ['u_str ESTAB 0 0 @x', 'u_str ESTAB 0 0 y 100 * 7', ' 9 * 8'];
    const victim = 'u_str ESTAB 0 0 * 7 * 100';
    const list = [...pair, ...forged, victim].join('\n');
    expect(parsePeers(list).get(100)).toBeUndefined();
  });

  test('does not believe a peer that points elsewhere', () => {
    expect(parsePeers('u_str ESTAB 0 0 * 1 * 2\nu_str ESTAB 0 0 * 2 * 3').size).toBe(0);
  });
});

test('names of system users are found', async () => {
  expect(await systemUserName(0)).toBe('root');
  expect(await systemUserName(4_000_000)).toBeNull();
});
