import { z } from 'zod';
import { describe, expect, test } from 'vitest';
import { queueSink, type QueueSinkOptions } from '../../../src/queue/index.ts';
import type { Sink } from '../../../src/sink/index.ts';
import { startProxy, within } from '../../kit/index.ts';
import { describeService } from '../../service/conformance.ts';
import { describeSink, message, messages } from '../../sink/sink-conformance.ts';
import { anyMajor, majors, postgres, queueDatabase, type QueueDatabase } from '../consumer/pgq.ts';

const rest = z.object({ key: z.string().nullable(), encoding: z.literal('base64').optional() });

function sinkTo(db: string, more: Partial<QueueSinkOptions> = {}): Sink {
  return queueSink({ name: 'changes', db, queue: 'q', ...more });
}

async function started(sink: Sink): Promise<Sink> {
  sink.start();
  await within('ready', sink.ready);
  return sink;
}

interface Kept {
  readonly type: string;
  readonly id: string;
  readonly key: string | null;
  readonly subject: string;
  readonly payload: string;
}

/** All events of the queue, as its consumers would get them. */
async function kept({ database }: QueueDatabase): Promise<Kept[]> {
  const rows = await database.rows<
    Record<'type' | 'data' | 'extra1' | 'extra2' | 'extra3', string>
  >(
    `SELECT ev_type AS type, ev_data AS data, ev_extra1 AS extra1, ev_extra2 AS extra2, ev_extra3 AS extra3
       FROM pgq.event_template ORDER BY ev_id`,
  );
  return rows.map(({ type, data, extra1, extra2, extra3 }) => {
    const { key, encoding } = rest.parse(JSON.parse(extra3));
    const payload = Buffer.from(data, encoding ?? 'utf8').toString('utf8');
    return { type, id: extra2, key, subject: extra1, payload };
  });
}

describe.each(majors)('on PostgreSQL %i', (major) => {
  const server = postgres(major);

  describeSink('a queue', async () => {
    const db = await queueDatabase(server, 'ours');
    const proxy = await startProxy({ port: Number(new URL(db.url).port) });
    return {
      make: () => sinkTo(proxy.url(db.url)),
      arrived: () => kept(db),
      proxy,
      other: null,
      largeBytes: 20_000_000,
    };
  });
});

describe('a queue as a sink', () => {
  const server = postgres(anyMajor);

  describeService('a queue sink', async () => {
    const db = await queueDatabase(server, 'ours');
    return { service: sinkTo(db.url) };
  });

  test('an event has the type, subject, id and payload of its message', async () => {
    const db = await queueDatabase(server, 'ours');
    const sink = await started(sinkTo(db.url));
    await sink.write([
      message(1, { headers: { 'Sluice-Op': 'update' }, subject: ['public', 'orders'] }),
      message(2, { headers: { 'Sluice-Type': 'order.paid' } }),
      message(3, { payload: Buffer.from([0xff, 0]) }),
    ]);
    expect(await kept(db)).toMatchObject([
      { type: 'update', subject: 'public.orders', id: 'orders:1:1', key: 'k1' },
      { type: 'order.paid', subject: 'orders', payload: 'payload 2' },
      { type: 'message', payload: Buffer.from([0xff, 0]).toString('utf8') },
    ]);
    await sink.stop();
  });

  test('a block is visible whole, and so are the ids it is known by', async () => {
    const db = await queueDatabase(server, 'ours');
    const sink = await started(sinkTo(db.url));
    await sink.write(messages(1, 300));
    expect(
      await db.database.value('SELECT count(DISTINCT ev_txid)::int FROM pgq.event_template'),
    ).toBe(1);
    expect(await db.database.value('SELECT count(*)::int FROM pgq.unique_event')).toBe(300);
    await sink.stop();
  });

  test('what is older than the window is not known any more', async () => {
    const db = await queueDatabase(server, 'ours');
    const sink = await started(sinkTo(db.url, { dedupWindowMs: 0 }));
    await sink.write(messages(1, 2));
    await sink.write(messages(1, 3));
    expect(await kept(db)).toHaveLength(5);
    await sink.stop();
  });

  test('a message that the queue does not take stops there, and all before it has arrived', async () => {
    const db = await queueDatabase(server, 'ours');
    const sink = await started(sinkTo(db.url));
    const block = messages(1, 9);
    block[5] = message(6, { subject: ['no\u0000text'] });
    await expect(within('the write', sink.write(block))).rejects.toMatchObject({
      code: 'SINK_REFUSED',
      details: { id: 'orders:1:6' },
    });
    expect((await kept(db)).map(({ id }) => id)).toEqual(messages(1, 5).map(({ id }) => id));
    await sink.stop();
  });

  test('without its queue it does not start, and says how to make it', async () => {
    const db = await queueDatabase(server, 'ours', []);
    const sink = sinkTo(db.url);
    const findings = await sink.check(new AbortController().signal);
    expect(findings).toMatchObject([{ code: 'SINK_QUEUE_MISSING', severity: 'blocks' }]);
    sink.start();
    await expect(within('ready', sink.ready)).rejects.toMatchObject({ code: 'SINK_BLOCKED' });
    await sink.stop();
  });

  test('check finds a database without the schema, and a user who may not', async () => {
    const bare = await server.database();
    const signal = new AbortController().signal;
    expect(await sinkTo(bare.url).check(signal)).toMatchObject([{ code: 'SINK_QUEUE_SCHEMA' }]);
    const db = await queueDatabase(server, 'ours');
    await db.database.query("CREATE ROLE stranger_to_queues LOGIN PASSWORD 'x'");
    const url = new URL(db.url);
    url.username = 'stranger_to_queues';
    url.password = 'x';
    try {
      const findings = await sinkTo(url.href).check(signal);
      expect(findings).toMatchObject([
        { code: 'SINK_QUEUE_RIGHTS', remedy: 'run GRANT pgq_writer TO stranger_to_queues' },
      ]);
    } finally {
      await db.database.query('DROP ROLE stranger_to_queues');
    }
  });
});
