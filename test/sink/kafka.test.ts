import { AuthenticationError, ProtocolError, TimeoutError } from '@platformatic/kafka';
import { describe, expect, test } from 'vitest';
import { findFreePort } from '../../src/demo/local-server-port.ts';
import { kafkaSink, type KafkaSinkOptions, type Sink } from '../../src/sink/index.ts';
import { isUnknownTopic, kafkaError } from '../../src/sink/kafka/kafka-errors.ts';
import { noKafka, startKafka, startProxy, within } from '../kit/index.ts';
import { describeService } from '../service/conformance.ts';
import { describeSink, message } from './sink-conformance.ts';

const topic = 'events';

function sinkTo(port: number, more: Partial<KafkaSinkOptions> = {}): Sink {
  return kafkaSink({
    name: 'events',
    brokers: [`127.0.0.1:${port}`],
    topic,
    ackTimeoutMs: 5_000,
    batchMessages: 100,
    ...more,
  });
}

describeSink(
  'Kafka',
  async () => {
    const kafka = await startKafka(topic);
    const port = await findFreePort();
    const proxy = await startProxy({ port: await kafka.advertise(port) }, port);
    return {
      make: () => sinkTo(proxy.port),
      arrived: async () =>
        (await kafka.kept(topic)).map(({ headers, key, value }) => ({
          id: /(?:^|,)Sluice-Id=([^,]*)/.exec(headers)?.[1] ?? '',
          key: key === null ? null : key.toString('utf8'),
          payload: value.toString('utf8'),
        })),
      proxy,
      other: null, // the mock broker forgets everything
      largeBytes: 900_000,
    };
  },
  noKafka,
);

describe.skipIf(noKafka !== null)('Kafka', () => {
  describeService('a Kafka sink', async () => {
    const { port } = await startKafka(topic);
    return { service: sinkTo(port) };
  });

  test('a key is always in one partition, and keys are spread', async () => {
    const kafka = await startKafka(topic);
    const sink = sinkTo(kafka.port);
    sink.start();
    const block = Array.from({ length: 200 }, (_, i) => message(i, { key: `key ${i % 20}` }));
    await within('the write', sink.write(block));
    const byKey = Map.groupBy(await kafka.kept(topic), ({ key }) => key?.toString());
    for (const records of byKey.values())
      expect(new Set(records.map(({ partition }) => partition)).size).toBe(1);
    const used = new Set([...byKey.values()].map(([record]) => record?.partition));
    expect(used.size).toBe(4);
    await sink.stop();
  });

  test('an empty payload is empty, not a tombstone, and headers come as they are', async () => {
    const kafka = await startKafka(topic);
    const sink = sinkTo(kafka.port);
    sink.start();
    const headers = { 'Sluice-Test': 'größer' };
    await within('the write', sink.write([message(3, { payload: Buffer.alloc(0), headers })]));
    const [record] = await kafka.kept(topic);
    expect(record).toMatchObject({
      headers: 'Sluice-Id=orders:1:3,Sluice-Position=3,Sluice-Transaction=tx1,Sluice-Test=größer',
      value: Buffer.alloc(0),
    });
    await sink.stop();
  });

  test('a topic a subject, with the letters that a topic may have', async () => {
    const kafka = await startKafka('shop.public.my_orders');
    const sink = sinkTo(kafka.port, { topic: 'shop.{subject}' });
    sink.start();
    await within('the write', sink.write([message(1, { subject: ['public', 'my orders'] })]));
    expect(await kafka.kept('shop.public.my_orders')).toHaveLength(1);
    await sink.stop();
  });
});

describe('what a broker answers asks for a decision', () => {
  const at = { sink: 'events', place: 'Kafka', ackTimeoutMs: 1 };
  test.each([
    [new ProtocolError('NOT_ENOUGH_REPLICAS'), 'SINK_LOST'],
    [new ProtocolError('NOT_LEADER_OR_FOLLOWER'), 'SINK_LOST'],
    [new ProtocolError('MESSAGE_TOO_LARGE'), 'SINK_REFUSED'],
    [new ProtocolError('INVALID_RECORD'), 'SINK_REFUSED'],
    [new ProtocolError('TOPIC_AUTHORIZATION_FAILED'), 'SINK_AUTH'],
    [new AuthenticationError('SASL authentication failed'), 'SINK_AUTH'],
    [new TimeoutError('Request timed out'), 'SINK_TIMEOUT'],
  ])('%s: %s', (error, code) => {
    expect(kafkaError(error, at, 'a:1:1').code).toBe(code);
  });

  // The mock broker makes every topic that it is asked for.
  test('that there is no such topic is a finding of the check', () => {
    expect(isUnknownTopic(new ProtocolError('UNKNOWN_TOPIC_OR_PARTITION'))).toBe(true);
    expect(isUnknownTopic(new ProtocolError('NOT_LEADER_OR_FOLLOWER'))).toBe(false);
  });
});
