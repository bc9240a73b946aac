import { writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { describe, expect, test } from 'vitest';
import { parseConfig } from '../../src/daemon/index.ts';
import { isSluiceError } from '../../src/errors/index.ts';
import { temporaryFolder } from '../kit/index.ts';

const databases = `
[databases]
shop = "postgres://app:s3cret@10.0.0.5/shop"
shop2 = "postgres://app:s3cret@10.0.0.5/shop2"
`;
const sinks = `
[sinks.events.nats]
servers = ["nats1:4222"]
stream = "SHOP"

[sinks.log.kafka]
brokers = ["kafka1:9092"]
topic = "shop.{subject}"
sasl = "SCRAM-SHA-512"
user = "sluice"
password = { env = "KAFKA_PASSWORD" }

[sinks.hooks.http]
url = "https://hooks.example.com/orders"
secrets = ["first", { env = "WEBHOOK_SECRET" }]
headers = { Authorization = { file = "authorization" } }

[sinks.onward.queue]
database = "shop2"
queue = "changes"
`;

function problemsOf(text: string): string[] {
  try {
    parseConfig(text, 'sluice.toml');
  } catch (error) {
    if (!isSluiceError(error, 'CONFIG_INVALID')) throw error;
    return String(error.details['problems']).split('\n  ');
  }
  return [];
}

describe('[sinks.NAME]', () => {
  test('gives every setting its value or default', () => {
    const config = parseConfig(databases + sinks, 'sluice.toml');
    expect(config.sinks).toMatchObject({
      events: { nats: { subject: 'sluice.{subject}', ack_timeout: 10, dedup_window: 120 } },
      log: { kafka: { topic: 'shop.{subject}', tls: false, ack_timeout: 30 } },
      hooks: { http: { concurrency: 1, timeout: 30 } },
      onward: { queue: { queue: 'changes', dedup_window: 3600 } },
    });
  });

  test('takes a pipeline to a sink, its position where it says', () => {
    const text = `${databases}${sinks}
[replicate.a]
source = "shop"
target = "events"
[replicate.b]
source = "shop"
target = "hooks"
positions = "shop2"`;
    expect(problemsOf(text)).toEqual([]);
  });

  test('makes each kind of sink, with its secrets from where they are', async () => {
    const folder = temporaryFolder();
    writeFileSync(join(folder, 'authorization'), 'Bearer abc\n');
    const config = parseConfig(databases + sinks, join(folder, 'sluice.toml'));
    await expect(config.makeSink('log', {})).rejects.toMatchObject({
      code: 'SINK_SECRET',
      message: expect.stringContaining('environment variable KAFKA_PASSWORD is not set'),
    });
    process.env['KAFKA_PASSWORD'] = process.env['WEBHOOK_SECRET'] = 'secret';
    try {
      const made = await Promise.all(
        ['events', 'log', 'hooks', 'onward'].map((name) => config.makeSink(name, {})),
      );
      expect(made.map(({ name, delivery }) => [name, delivery.guarantee])).toEqual([
        ['events', 'effectively-once'],
        ['log', 'at-least-once'],
        ['hooks', 'at-least-once'],
        ['onward', 'effectively-once'],
      ]);
    } finally {
      delete process.env['KAFKA_PASSWORD'];
      delete process.env['WEBHOOK_SECRET'];
    }
  });

  test.each([
    ['[sinks.a]', 'sinks.a: expected one of nats, kafka, http, queue, got none (sluice.toml:1)'],
    [
      `[sinks.a.nats]\nservers = ["a:1"]\nstream = "A"\n[sinks.a.kafka]\nbrokers = ["a:1"]`,
      'sinks.a: expected one of nats, kafka, http, queue, got nats and kafka (sluice.toml:1)',
    ],
    [
      `[sinks.a.nats]\nservers = ["a:1"]\nstrem = "A"`,
      'sinks.a.nats.stream: is required: non-empty string (sluice.toml:1)\nsinks.a.nats.strem: unknown key; did you mean stream? (sluice.toml:3)',
    ],
    [
      `[sinks.a.nats]\nservers = ["user:hidden@a:1"]\nstream = "A"`,
      'sinks.a.nats.servers.0: expected host:port without user and password, got *** (sluice.toml:2)',
    ],
    [
      `[sinks.a.kafka]\nbrokers = ["a:1"]\nsasl = "PLAIN"`,
      'sinks.a.kafka.sasl: needs user and password (sluice.toml:3)',
    ],
    [
      `[databases]\nshop = "postgres://shop"\n[sinks.a.queue]\ndatabase = "shpo"\nqueue = "changes"`,
      'sinks.a.queue.database: no database shpo in [databases]; did you mean shop? (sluice.toml:4)',
    ],
  ])('%s', (text, problem) => {
    expect(problemsOf(text).join('\n')).toBe(problem);
  });

  test('what has no meaning for a sink, or for a database, is refused', () => {
    const text = `${databases}${sinks}
[replicate.a]
source = "shop"
target = "events"
copy_jobs = 2
spill = "durable"
spill_dir = "/tmp"
[replicate.b]
source = "shop"
target = "shop2"
positions = "shop"
[replicate.c]
source = "shop"
target = "evnts"`;
    expect(problemsOf(text)).toEqual([
      expect.stringMatching(/^replicate\.a\.copy_jobs: has no effect with a target that is a sink/),
      expect.stringMatching(/^replicate\.a\.spill: has no effect with a target that is a sink/),
      expect.stringMatching(
        /^replicate\.b\.positions: has no effect with a target that is a database/,
      ),
      expect.stringMatching(
        /^replicate\.c\.target: no database or sink evnts; did you mean events\?/,
      ),
    ]);
  });

  test('a name is a database or a sink, not both', () => {
    const text = `${databases}\n[sinks.shop.nats]\nservers = ["a:1"]\nstream = "A"`;
    expect(problemsOf(text)).toEqual([
      expect.stringMatching(/^sinks\.shop: is also a name of \[databases\]/),
    ]);
  });
});

describe('[queue.sinks.NAME]', () => {
  test('takes a queue to a sink', () => {
    const text = `${databases}${sinks}
[queue.sinks.to_nats]
database = "shop"
queue = "orders"
sink = "events"
[queue.sinks.onward]
database = "shop"
queue = "orders"
consumer = "copy"
sink = "onward"
key = "extra1"`;
    expect(problemsOf(text)).toEqual([]);
    expect(parseConfig(text, 'sluice.toml').queue?.sinks).toMatchObject({
      to_nats: { queue: 'orders', sink: 'events' },
      onward: { consumer: 'copy', key: 'extra1' },
    });
  });

  test('what cannot be is refused', () => {
    const text = `${databases}${sinks}
[queue.sinks.a]
database = "shpo"
queue = "orders"
sink = "evnts"
[queue.sinks.b]
database = "shop2"
queue = "changes"
sink = "onward"
[queue.sinks.c]
database = "shop"
queue = "orders"
sink = "events"
[queue.sinks.d]
database = "shop2"
queue = "orders"
sink = "events"`;
    expect(problemsOf(text)).toEqual([
      expect.stringMatching(/^queue\.sinks\.a\.database: no database shpo .* did you mean shop\?/),
      expect.stringMatching(
        /^queue\.sinks\.a\.sink: no sink evnts in \[sinks\]; did you mean events\?/,
      ),
      expect.stringMatching(/^queue\.sinks\.b\.sink: is the queue itself/),
      expect.stringMatching(/^queue\.sinks\.d\.queue: another database's queue of this name/),
    ]);
  });
});
