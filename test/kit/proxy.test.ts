import { once } from 'node:events';
import { connect, createServer, type Socket } from 'node:net';
import { beforeEach, expect, onTestFinished, test } from 'vitest';
import { startProxy, type Proxy } from './proxy.ts';
import { waitFor } from './wait.ts';

let proxy: Proxy;
let accepted: Socket[];

beforeEach(async () => {
  accepted = [];
  const echo = createServer((socket) => {
    accepted.push(socket);
    socket.on('error', () => undefined);
    socket.on('data', (bytes) => socket.write(bytes));
  });
  echo.listen(0, '127.0.0.1');
  await once(echo, 'listening');
  const address = echo.address();
  if (address === null || typeof address === 'string') throw new Error('listening gives a port');
  proxy = await startProxy(address);
  return async () => {
    await proxy.stop();
    for (const socket of accepted) socket.destroy();
    echo.close();
    await once(echo, 'close');
  };
});

test('carries bytes both ways, in order, whatever their number', async () => {
  const client = await open();
  const sent = Buffer.alloc(3_000_000, 'abcdefg');
  client.socket.write(sent);
  await waitFor('the echo', () => client.received().length === sent.length);
  expect(client.received().equals(sent)).toBe(true);
  expect(proxy.toServer.bytes).toBe(sent.length);
  expect(proxy.toClient.bytes).toBe(sent.length);
});

test('passes a half-close on', async () => {
  const client = await open();
  client.socket.end('bye');
  await waitFor('the connection to end', () => proxy.connections === 0);
  expect(client.received().toString()).toBe('bye');
});

test('delays one direction without holding back the next chunk', async () => {
  const client = await open();
  proxy.toClient.delayMs = 100;
  const start = performance.now();
  for (let i = 0; i < 5; i++) client.socket.write(`${i}`);
  await waitFor('the echo', () => client.received().length === 5, { everyMs: 1 });
  const tookMs = performance.now() - start;
  expect(tookMs).toBeGreaterThanOrEqual(99);
  expect(tookMs).toBeLessThan(400);
});

test('throttles to a rate', async () => {
  const client = await open();
  proxy.toServer.bytesPerSecond = 100_000;
  const start = performance.now();
  client.socket.write(Buffer.alloc(20_000));
  await waitFor('the echo', () => client.received().length === 20_000, { everyMs: 1 });
  expect(performance.now() - start).toBeGreaterThanOrEqual(190);
});

test('cuts after exactly the bytes asked for', async () => {
  const client = await open();
  proxy.toClient.cutAfter(7);
  client.socket.write('0123456789');
  await waitFor('the cut', () => client.socket.destroyed);
  expect(client.received().toString()).toBe('0123456');
  expect(client.error()).toBe('ECONNRESET');
  const next = await open();
  next.socket.write('again');
  await waitFor('the echo', () => next.received().toString() === 'again');
});

test('stalls with back-pressure, and loses nothing when it goes on', async () => {
  const client = await open();
  proxy.toServer.stall();
  let written = 0;
  while (client.socket.write(Buffer.alloc(65_536)) || client.socket.writableLength < 1_000_000) {
    written += 65_536;
    if (written > 100_000_000) break;
    await new Promise(setImmediate);
  }
  expect(written).toBeLessThan(50_000_000);
  expect(client.received().length).toBe(0);
  proxy.toServer.resume();
  await waitFor('the rest', () => client.received().length >= written);
});

test('leaves a client half-open when the server is lost', async () => {
  const client = await open();
  client.socket.write('x');
  await waitFor('the echo', () => client.received().length === 1);
  proxy.loseServer();
  client.socket.write('is anybody there?');
  await waitFor('the server side to be gone', () => accepted.every((socket) => socket.destroyed));
  expect(client.socket.destroyed).toBe(false);
  expect(client.received().length).toBe(1);
});

test('refuses and accepts again on the same port', async () => {
  const before = await open();
  proxy.refuse();
  await expect(open()).rejects.toThrow('ECONNREFUSED');
  before.socket.write('still here');
  await waitFor('the echo', () => before.received().length === 10);
  await proxy.accept();
  await open();
});

interface TestClient {
  readonly socket: Socket;
  received(): Buffer;
  error(): string | null;
}

async function open(): Promise<TestClient> {
  const socket = connect({ port: proxy.port, host: proxy.host });
  onTestFinished(() => void socket.destroy());
  await once(socket, 'connect');
  const chunks: Buffer[] = [];
  let code: string | null = null;
  socket.on('data', (bytes) => chunks.push(bytes));
  socket.on('error', (error) => (code = 'code' in error ? String(error.code) : error.message));
  return { socket, received: () => Buffer.concat(chunks), error: () => code };
}
