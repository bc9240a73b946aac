import { once } from 'node:events';
import { connect } from 'node:net';
import { afterEach, describe, expect, test } from 'vitest';
import { Metrics, parseListenAddress, StatusServer } from '../../src/service/index.ts';
import { within } from '../kit/wait.ts';
import { describeService } from './conformance.ts';

let opened: StatusServer[] = [];

afterEach(async () => {
  await Promise.all(opened.map((server) => server.stop()));
  opened = [];
});

function make(options: Partial<ConstructorParameters<typeof StatusServer>[0]> = {}): StatusServer {
  const server = new StatusServer({
    metrics: new Metrics(),
    status: () => ({ position: 2n ** 60n }),
    health: () => ({ isHealthy: true }),
    ...options,
  });
  opened.push(server);
  return server;
}

async function started(options: Parameters<typeof make>[0] = {}): Promise<string> {
  const server = make(options);
  server.start();
  await server.ready;
  return String(server.url);
}

describeService('the status server', async () => {
  const service = make();
  return { service, expectNothingLeft: () => expect(service.url).toBeUndefined() };
});

test('shows the metrics', async () => {
  const metrics = new Metrics();
  metrics.gauge({ room: 'a', thing: 'b', unit: 'rows', help: 'x' }).set({}, 4);
  const answer = await fetch(`${await started({ metrics })}/metrics`);
  expect(answer.headers.get('content-type')).toContain('text/plain');
  expect(await answer.text()).toContain('sluice_a_b_rows 4');
});

test('shows the status as JSON with positions unrounded', async () => {
  const answer = await fetch(`${await started()}/status?pretty`);
  expect(await answer.json()).toEqual({ position: '1152921504606846976' });
});

test('says 200 when healthy and 503 with the parts when not', async () => {
  let isHealthy = true;
  const url = await started({ health: () => ({ isHealthy, parts: { shop: 'stopped' } }) });
  expect((await fetch(`${url}/healthz`)).status).toBe(200);
  isHealthy = false;
  const answer = await fetch(`${url}/healthz`);
  expect(answer.status).toBe(503);
  expect(await answer.json()).toEqual({ isHealthy: false, parts: { shop: 'stopped' } });
});

test('refuses other paths and methods', async () => {
  const url = await started();
  expect((await fetch(`${url}/`)).status).toBe(404);
  expect((await fetch(`${url}/status`, { method: 'POST' })).status).toBe(405);
  const head = await fetch(`${url}/status`, { method: 'HEAD' });
  expect([head.status, await head.text()]).toEqual([200, '']);
});

test('a status that throws answers 500 and serves on', async () => {
  const url = await started({
    status: () => {
      throw new Error('postgres://a:s3cret@h/d broke');
    },
  });
  const answer = await fetch(`${url}/status`);
  expect(answer.status).toBe(500);
  expect(await answer.text()).not.toContain('s3cret');
  expect((await fetch(`${url}/healthz`)).status).toBe(200);
});

test('a client that never finishes its request does not hold up the stop', async () => {
  const server = make();
  server.start();
  await server.ready;
  const socket = connect(Number(new URL(String(server.url)).port), '127.0.0.1');
  socket.on('error', () => undefined);
  socket.write('GET /status HTTP/1.1\r\nHost: ');
  const accepted = await fetch(`${server.url}/healthz`);
  expect(accepted.ok).toBe(true);
  const closed = once(socket, 'close');
  await within('stop', server.stop());
  await within('the socket to close', closed);
});

test('an address that is taken is named with what to do', async () => {
  const url = await started();
  const second = make({ listen: url.replace('http://', '') });
  second.start();
  await expect(second.ready).rejects.toMatchObject({ code: 'SERVICE_LISTEN' });
});

describe('addresses', () => {
  test.each([
    ['127.0.0.1:9090', { host: '127.0.0.1', port: 9090 }],
    [':0', { host: '127.0.0.1', port: 0 }],
    ['[::1]:80', { host: '::1', port: 80 }],
    ['0.0.0.0:65535', { host: '0.0.0.0', port: 65535 }],
  ])('%s', (text, address) => {
    expect(parseListenAddress(text)).toEqual(address);
  });

  test.each(['', '9090', 'host', 'host:', 'host:65536', 'host:-1', '::1:80', 'host:12x'])(
    'refuses %j',
    (text) => {
      expect(() => parseListenAddress(text)).toThrow(
        expect.objectContaining({ code: 'SERVICE_LISTEN_ADDRESS' }),
      );
    },
  );
});
