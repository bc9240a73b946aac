import { StorageType, type StreamConfig } from '@nats-io/jetstream';
import { describe, expect, test } from 'vitest';
import {
  natsSink,
  type NatsSinkOptions,
  type Sink,
  type SinkMessage,
} from '../../src/sink/index.ts';
import {
  noNats,
  startNats,
  startProxy,
  within,
  type Proxy,
  type RunningNats,
} from '../kit/index.ts';
import { describeService } from '../service/conformance.ts';
import { describeSink, message, messages } from './sink-conformance.ts';

const stream = 'EVENTS';

async function scene(): Promise<{ nats: RunningNats; proxy: Proxy }> {
  const nats = await startNats();
  await nats.addStream(stream);
  return { nats, proxy: await startProxy({ port: nats.port }) };
}

function sinkTo(port: number, more: Partial<NatsSinkOptions> = {}): Sink {
  return natsSink({
    name: 'events',
    servers: [`127.0.0.1:${port}`],
    stream,
    ackTimeoutMs: 5_000,
    ...more,
  });
}

describeSink(
  'NATS',
  async () => {
    const { nats, proxy } = await scene();
    return {
      make: () => sinkTo(proxy.port),
      arrived: async () =>
        (await nats.kept(stream)).map(({ headers, payload }) => ({
          id: decode(headers.get('Nats-Msg-Id')) ?? '',
          key: decode(headers.get('Sluice-Key')),
          payload: payload.toString('utf8'),
        })),
      proxy,
      other: { kill: () => nats.kill(), revive: () => nats.start() },
      largeBytes: 900_000,
    };
  },
  noNats,
);

/** Messages of their own for one of several sinks. */
function blockOf(sink: number): SinkMessage[] {
  return messages(1, 300).map((one) => ({
    ...one,
    id: `${sink}:${one.id}`,
    subject: [`s${sink}`],
  }));
}

function decode(text: string | undefined): string | null {
  return text === undefined ? null : decodeURIComponent(text);
}

describe.skipIf(noNats !== null)('NATS', () => {
  describeService('a NATS sink', async () => {
    const { nats } = await scene();
    return { service: sinkTo(nats.port) };
  });

  test('another one that writes to the stream costs time, and not the order', async () => {
    const { nats } = await scene();
    const sinks = [sinkTo(nats.port), sinkTo(nats.port)];
    for (const sink of sinks) sink.start();
    await within('both', Promise.all(sinks.map((sink, of) => sink.write(blockOf(of)))), 60_000);
    const kept = await nats.kept(stream);
    for (const [of] of sinks.entries()) {
      const ids = kept.filter(({ subject }) => subject === `sluice.s${of}`);
      expect(ids.map(({ headers }) => headers.get('Nats-Msg-Id'))).toEqual(
        blockOf(of).map(({ id }) => id),
      );
    }
    await Promise.all(sinks.map((sink) => sink.stop()));
  });

  test('a message that the server cannot take stops there, and all before it has arrived', async () => {
    const { nats } = await scene();
    const sink = sinkTo(nats.port);
    sink.start();
    const block = messages(1, 30);
    block[20] = message(21, { payload: Buffer.alloc(1024 * 1024) });
    await expect(within('the write', sink.write(block))).rejects.toMatchObject({
      code: 'SINK_TOO_LARGE',
      details: { id: 'orders:1:21', limit: 1024 * 1024 },
    });
    expect(await nats.kept(stream)).toHaveLength(20);
    await sink.stop();
  });

  test('a stream that takes less than the server refuses the message', async () => {
    const nats = await startNats();
    await nats.addStream(stream, { max_msg_size: 1_000 });
    const sink = sinkTo(nats.port);
    sink.start();
    await expect(
      within('the write', sink.write([message(1, { payload: Buffer.alloc(2_000) })])),
    ).rejects.toMatchObject({ code: 'SINK_REFUSED', details: { id: 'orders:1:1' } });
    await sink.stop();
  });

  test('a stream that is removed under way stops the sink', async () => {
    const { nats } = await scene();
    const sink = sinkTo(nats.port);
    sink.start();
    await within('the first write', sink.write(messages(1, 5)));
    await (await nats.manager()).streams.delete(stream);
    await expect(within('the write', sink.write(messages(6, 10)))).rejects.toMatchObject({
      code: 'SINK_BLOCKED',
      message: expect.stringContaining('SINK_NATS_STREAM'),
    });
    await sink.stop();
  });

  test('without its stream it does not start, and says how to make it', async () => {
    const nats = await startNats();
    const sink = sinkTo(nats.port, { dedupWindowMs: 3_600_000 });
    const [finding] = await sink.check(new AbortController().signal);
    expect(finding).toMatchObject({
      code: 'SINK_NATS_STREAM',
      severity: 'blocks',
      remedy: expect.stringContaining(
        'nats stream add EVENTS --subjects "sluice.>" --storage file --dupe-window 1h',
      ),
    });
    sink.start();
    await expect(within('ready', sink.ready)).rejects.toMatchObject({ code: 'SINK_BLOCKED' });
    await expect(sink.write(messages(1, 1))).rejects.toMatchObject({ code: 'SINK_BLOCKED' });
    await sink.stop();
  });

  test.each<[string, Partial<StreamConfig>]>([
    ['SINK_NATS_DEDUP', { duplicate_window: 1e9 }],
    ['SINK_NATS_MEMORY', { storage: StorageType.Memory }],
    ['SINK_NATS_NO_ACK', { no_ack: true }],
    ['SINK_NATS_SUBJECT', { subjects: ['other.>'] }],
    ['SINK_NATS_SUBJECT_PART', { subjects: ['sluice.public.*'] }],
  ])('check finds %s', async (code, config) => {
    const nats = await startNats();
    await nats.addStream(stream, config);
    const findings = await sinkTo(nats.port).check(new AbortController().signal);
    expect(findings.map((finding) => finding.code)).toEqual([code]);
  });

  test('check finds SINK_NATS_JETSTREAM', async () => {
    const nats = await startNats([]);
    const findings = await sinkTo(nats.port).check(new AbortController().signal);
    expect(findings.map((finding) => finding.code)).toEqual(['SINK_NATS_JETSTREAM']);
  });

  test('a wrong token needs a person', async () => {
    const nats = await startNats(['-js', '--auth', 'right']);
    const sink = sinkTo(nats.port, { token: 'wrong' });
    sink.start();
    await expect(within('ready', sink.ready)).rejects.toMatchObject({ code: 'SINK_AUTH' });
    await sink.stop();
  });
});
