import { createHmac } from 'node:crypto';
import { describe, expect, test } from 'vitest';
import {
  httpSink,
  type HttpSinkOptions,
  type Sink,
  type SinkMessage,
} from '../../src/sink/index.ts';
import { startProxy, waitFor, within } from '../kit/index.ts';
import { describeService } from '../service/conformance.ts';
import { startReceiver, type ReceivedRequest, type Receiver } from './receiver.ts';
import { describeSink, message, messages } from './sink-conformance.ts';

const secret = 'whsec_MfKQ9r8GKYqrTwjUPD8ILPZIo2LaLaSw';

function sinkTo(url: string, more: Partial<HttpSinkOptions> = {}): Sink {
  return httpSink({ name: 'hooks', url, secrets: [secret], timeoutMs: 5_000, ...more });
}

async function startedTo(receiver: Receiver, more: Partial<HttpSinkOptions> = {}): Promise<Sink> {
  const sink = sinkTo(receiver.url, more);
  sink.start();
  await within('ready', sink.ready);
  return sink;
}

describe.each([1, 4])('with %i requests at once', (concurrency) => {
  describeSink('HTTP', async () => {
    const receiver = await startReceiver();
    const proxy = await startProxy({ port: receiver.port });
    return {
      make: () => sinkTo(proxy.url(receiver.url), { concurrency }),
      arrived: () =>
        Promise.resolve(
          receiver.kept.map(({ headers, body }) => ({
            id: idOf({ headers, body }),
            key: decoded(headers['sluice-key']),
            payload: body.toString('utf8'),
          })),
        ),
      proxy,
      other: { kill: () => receiver.stop(), revive: () => receiver.start() },
      largeBytes: 20_000_000,
    };
  });
});

function idOf({ headers }: ReceivedRequest): string {
  return decoded(headers['webhook-id']) ?? '';
}

function decoded(text: string | undefined): string | null {
  return text === undefined ? null : decodeURIComponent(text);
}

describeService('an HTTP sink', async () => {
  const receiver = await startReceiver();
  return { service: sinkTo(receiver.url) };
});

describe('HTTP', () => {
  test('a secret that can be found by trying is warned of', async () => {
    const receiver = await startReceiver();
    const look = (...secrets: string[]) =>
      httpSink({ name: 'hooks', url: receiver.url, secrets }).check(new AbortController().signal);
    expect(await look(secret)).toEqual([]);
    expect(await look(secret, 'short')).toMatchObject([
      { code: 'SINK_HTTP_SECRET', severity: 'warns', evidence: 'a key of 5 bytes' },
    ]);
  });

  test('signs id, time and body, with every secret', async () => {
    const receiver = await startReceiver();
    const before = Math.floor(Date.now() / 1000);
    const sink = await startedTo(receiver, { secrets: [secret, 'old secret'] });
    await within('the write', sink.write([message(7)]));
    const { headers, body } = receiver.kept[0]!;
    expect(headers['idempotency-key']).toBe('orders:1:7');
    const timestamp = Number(headers['webhook-timestamp']);
    expect(timestamp).toBeGreaterThanOrEqual(before);
    const keys = [Buffer.from(secret.slice('whsec_'.length), 'base64'), Buffer.from('old secret')];
    const signed = `orders:1:7.${timestamp}.${body.toString()}`;
    expect(headers['webhook-signature']).toBe(
      keys
        .map((key) => `v1,${createHmac('sha256', key).update(signed).digest('base64')}`)
        .join(' '),
    );
    expect(headers).toMatchObject({
      'content-type': 'application/json',
      'sluice-subject': 'orders',
      'sluice-key': 'k2',
      'sluice-position': '7',
      'sluice-transaction': 'tx3',
    });
    await sink.stop();
  });

  test.each([408, 425, 429, 500, 503])(
    'after %i it comes again, with the same id',
    async (status) => {
      const receiver = await startReceiver();
      const asked: string[] = [];
      receiver.answer = (request) => ({ status: asked.push(idOf(request)) < 3 ? status : 200 });
      const sink = await startedTo(receiver);
      await within('the write', sink.write(messages(1, 2)));
      expect(asked).toEqual(['orders:1:1', 'orders:1:1', 'orders:1:1', 'orders:1:2']);
      await sink.stop();
    },
  );

  test('waits as long as Retry-After says', async () => {
    const receiver = await startReceiver();
    const times: number[] = [];
    receiver.answer = () => {
      const isFirst = times.push(performance.now()) === 1;
      return isFirst ? { status: 503, headers: { 'Retry-After': '1' } } : { status: 200 };
    };
    const sink = await startedTo(receiver);
    await within('the write', sink.write(messages(1, 1)));
    expect(times[1]! - times[0]!).toBeGreaterThan(950); // timers may be a moment early
    await sink.stop();
  });

  test('gives up a request that is not answered, and says why', async () => {
    const receiver = await startReceiver();
    const released = Promise.withResolvers<void>();
    let asked = 0;
    receiver.answer = async () => {
      asked += 1;
      if (asked === 1) await released.promise;
      return { status: 200 };
    };
    const sink = await startedTo(receiver, { timeoutMs: 200 });
    const writing = sink.write(messages(1, 1));
    await waitFor('trouble', () => sink.trouble?.includes('200 ms'));
    await within('the write', writing);
    expect(asked).toBe(2);
    released.resolve();
    await sink.stop();
  });

  test.each([
    [400, 'SINK_REFUSED'],
    [422, 'SINK_REFUSED'],
    [404, 'SINK_REFUSED'],
    [301, 'SINK_REFUSED'],
    [401, 'SINK_AUTH'],
    [403, 'SINK_AUTH'],
  ])('stops at %i', async (status, code) => {
    const receiver = await startReceiver();
    receiver.answer = (request) => ({ status: idOf(request) === 'orders:1:3' ? status : 200 });
    const sink = await startedTo(receiver);
    await expect(within('the write', sink.write(messages(1, 5)))).rejects.toMatchObject({
      code,
      decision: 'fix',
      message: expect.stringContaining(String(status)),
    });
    expect(receiver.kept.map(idOf)).toEqual(['orders:1:1', 'orders:1:2']);
    await sink.stop();
  });

  test('a message that is refused goes to the dead letters, and those behind it go on', async () => {
    const receiver = await startReceiver();
    const dead: [string, string][] = [];
    const put = async ({ id }: SinkMessage, reason: string): Promise<void> =>
      void dead.push([id, reason]);
    receiver.answer = (request) => ({ status: idOf(request) === 'orders:1:3' ? 422 : 200 });
    const sink = await startedTo(receiver, { deadLetters: { put } });
    await within('the write', sink.write(messages(1, 5)));
    expect(dead).toEqual([['orders:1:3', `${receiver.url} answered HTTP 422`]]);
    expect(receiver.kept).toHaveLength(4);
    receiver.answer = () => ({ status: 404 });
    await expect(sink.write(messages(6, 7))).rejects.toMatchObject({ code: 'SINK_REFUSED' });
    expect(dead).toHaveLength(1);
    await sink.stop();
  });

  test('goes at once over keys, never over messages of one key', async () => {
    const receiver = await startReceiver();
    const busy = new Set<string>();
    const overtaken: string[] = [];
    receiver.answer = async (request) => {
      const key = request.headers['sluice-key']!;
      if (busy.has(key)) overtaken.push(key);
      busy.add(key);
      // The first is slow: those of other keys pass it, those of its own must not.
      if (idOf(request) === 'orders:1:1')
        await waitFor('others to arrive', () => receiver.kept.length >= 10);
      busy.delete(key);
      return { status: 200 };
    };
    const sink = await startedTo(receiver, { concurrency: 4 });
    await within('the write', sink.write(messages(1, 100)));
    expect(receiver.kept).toHaveLength(100);
    expect(overtaken).toEqual([]);
    expect(receiver.mostOpen).toBeGreaterThan(1);
    expect(receiver.mostOpen).toBeLessThanOrEqual(4);
    await sink.stop();
  });

  test('an address that speaks no TLS needs a person', async () => {
    const receiver = await startReceiver();
    const sink = sinkTo(receiver.url.replace('http:', 'https:'));
    sink.start();
    await within('ready', sink.ready);
    await expect(within('the write', sink.write(messages(1, 1)))).rejects.toMatchObject({
      code: 'SINK_TLS',
    });
    await sink.stop();
  });
});
