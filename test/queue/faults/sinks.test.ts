import { readFile, writeFile } from 'node:fs/promises';
import { join } from 'node:path';
import { describe, expect, test } from 'vitest';
import { findFreePort } from '../../../src/demo/local-server-port.ts';
import {
  crashSluice,
  noKafka,
  startKafka,
  startProxy,
  startSluice,
  temporaryFolder,
  waitFor,
} from '../../kit/index.ts';
import { startReceiver, type Receiver } from '../../sink/receiver.ts';
import { oneOfEach, postgres, queueDatabase, type QueueDatabase } from '../consumer/pgq.ts';

const topic = 'q';

/** @returns the arguments of `sluice` that bring the queue `q` to the sink */
async function runArgs(db: QueueDatabase, sink: string, more = ''): Promise<string[]> {
  const file = join(temporaryFolder(), 'sluice.toml');
  await db.database.query("SELECT pgq.register_consumer('q', 'onward')");
  await writeFile(
    file,
    `[databases]\nshop = "${db.url}"\n${sink}\n` +
      `[queue.sinks.onward]\ndatabase = "shop"\nqueue = "q"\nsink = "there"\n${more}\n`,
  );
  return ['run', '--config', file];
}

/** Ticked; the data of each event is its number, `extra1` one of five keys. */
async function insertMany(db: QueueDatabase, from: number, to: number, size = 0): Promise<void> {
  await db.database.query(
    `SELECT pgq.insert_event('q', 't', g || repeat(' ', ${size}), 'key ' || g % 5, NULL, NULL, NULL)
       FROM generate_series(${from}, ${to}) g`,
  );
  await db.tick();
}

const hasBatch = (db: QueueDatabase) =>
  db.database.value<boolean>('SELECT sub_batch IS NOT NULL FROM pgq.subscription');

function numbers(from: number, to: number, step = 1): number[] {
  return Array.from({ length: (to - from) / step + 1 }, (_, i) => from + i * step);
}

/** What a receiver has that leaves out the ids it has seen. */
function withoutRepetitions(messages: readonly { id: string; data: string }[]): number[] {
  const byId = new Map(messages.map(({ id, data }) => [id, Number(data)]));
  return [...byId.values()];
}

const keptBy = ({ kept }: Receiver) =>
  kept.map(({ headers, body }) => ({
    id: headers['webhook-id'] ?? '',
    data: body.toString('utf8'),
  }));

async function residentMb(pid: number): Promise<number> {
  const status = await readFile(`/proc/${pid}/status`, 'utf8');
  return Number(/VmRSS:\s+(\d+)/.exec(status)?.[1]) / 1024;
}

describe.skipIf(noKafka !== null).each(oneOfEach)(
  "a queue's events into Kafka, on the %s schema, PostgreSQL %i",
  { timeout: 240_000 },
  (schema, major) => {
    const server = postgres(major);

    async function prepare() {
      const db = await queueDatabase(server, schema);
      const kafka = await startKafka(topic);
      const port = await findFreePort();
      const proxy = await startProxy({ port: await kafka.advertise(port) }, port);
      const sink = `[sinks.there.kafka]\nbrokers = ["127.0.0.1:${port}"]\nack_timeout = "2s"`;
      const kept = async () =>
        (await kafka.kept(topic)).map(({ headers, value, partition }) => ({
          id: /(?:^|,)Sluice-Id=([^,]*)/.exec(headers)?.[1] ?? '',
          data: value.toString('utf8'),
          partition,
        }));
      return { db, proxy, kept, args: await runArgs(db, sink, 'key = "extra1"') };
    }

    test('arrive all, each key in order, when the sink dies, hangs and comes back', async () => {
      const { db, proxy, kept, args } = await prepare();
      await insertMany(db, 1, 1500);
      await crashSluice(args, 'consumer.before-finish');
      await insertMany(db, 1501, 3000);
      const running = startSluice(args);
      await waitFor('both batches', async () => !(await hasBatch(db)));
      proxy.refuse();
      proxy.cut();
      await insertMany(db, 3001, 4500);
      await running.says(/does not take messages/);
      expect(await hasBatch(db)).toBe(true);
      await proxy.accept();
      await waitFor('the third', async () => !(await hasBatch(db)));
      proxy.toClient.stall();
      await insertMany(db, 4501, 6000);
      await waitFor('a batch', () => hasBatch(db));
      proxy.toClient.resume();
      proxy.cut();
      await waitFor('the fourth', async () => !(await hasBatch(db)));
      expect((await running.stop()).exitCode).toBe(0);
      const messages = await kept();
      expect(withoutRepetitions(messages).toSorted((a, b) => a - b)).toEqual(numbers(1, 6000));
      for (let key = 1; key <= 5; key++) {
        const ofKey = messages.filter(({ data }) => Number(data) % 5 === key % 5);
        expect(withoutRepetitions(ofKey)).toEqual(numbers(key, 5995 + key, 5));
        expect(new Set(ofKey.map(({ partition }) => partition)).size).toBe(1);
      }
    });

    test('take no more memory when there are many and the sink hangs', async () => {
      const { db, proxy, kept, args } = await prepare();
      await insertMany(db, 1, 1);
      // The backlog is more than this heap can hold.
      const running = startSluice(args, { nodeArgs: ['--max-old-space-size=128'] });
      await waitFor('the sink', async () => !(await hasBatch(db)) && (await kept()).length === 1);
      proxy.toClient.stall();
      await insertMany(db, 2, 100_000, 500);
      await waitFor('a batch', () => hasBatch(db));
      await running.says(/does not take messages/);
      const hanging = await residentMb(running.pid);
      proxy.toClient.resume();
      proxy.cut();
      let sending = 0;
      const isDone = async () => {
        sending = Math.max(sending, await residentMb(running.pid));
        return !(await hasBatch(db));
      };
      await waitFor('all', isDone, { timeoutMs: 120_000 });
      expect((await running.stop()).exitCode).toBe(0);
      expect(Math.max(hanging, sending)).toBeLessThan(400);
      // The mock broker keeps the last five megabytes of a partition.
      expect((await kept()).map(({ data }) => Number(data))).toContain(100_000);
    });
  },
);

describe.each(oneOfEach)(
  "a queue's events to an HTTP address, on the %s schema, PostgreSQL %i",
  { timeout: 240_000 },
  (schema, major) => {
    const server = postgres(major);

    async function prepare() {
      const db = await queueDatabase(server, schema);
      const receiver = await startReceiver();
      const sink = `[sinks.there.http]\nurl = "${receiver.url}"\nsecrets = ["secret"]\ntimeout = "1s"`;
      return { db, receiver, args: await runArgs(db, sink) };
    }

    test('arrive all in order when it dies, is slow, refuses one, and Sluice is killed', async () => {
      const { db, receiver, args } = await prepare();
      await insertMany(db, 1, 200);
      await crashSluice(args, 'consumer.before-finish');
      const first = startSluice(args);
      await waitFor('the first batch', async () => !(await hasBatch(db)));
      await receiver.stop();
      await insertMany(db, 201, 300);
      await first.says(/does not take messages/);
      await receiver.start();
      await waitFor('the second', async () => !(await hasBatch(db)));
      // Answers that come too late: it was kept, and is sent again.
      let late = 2;
      receiver.answer = async ({ body }) => {
        if (body.toString() === '310' && late-- > 0) {
          await new Promise((resolve) => setTimeout(resolve, 1500));
        }
        return { status: 204 };
      };
      await insertMany(db, 301, 400);
      await waitFor('the third', async () => !(await hasBatch(db)));
      receiver.answer = ({ body }) => ({ status: body.toString() === '450' ? 422 : 204 });
      await insertMany(db, 401, 500);
      await first.says(/SINK_REFUSED/);
      expect(await hasBatch(db)).toBe(true);
      await first.kill();
      expect(withoutRepetitions(keptBy(receiver))).toEqual(numbers(1, 449));
      receiver.answer = () => ({ status: 204 });
      const second = startSluice(args);
      await waitFor('the rest', async () => !(await hasBatch(db)));
      expect((await second.stop()).exitCode).toBe(0);
      expect(withoutRepetitions(keptBy(receiver))).toEqual(numbers(1, 500));
    });
  },
);
