import { once } from 'node:events';
import { connect } from 'node:net';
import { describe, expect, test } from 'vitest';
import type { MessageWriter } from '../../../src/wire/index.ts';
import { bytesOf, postgres, waitFor, within, type PipelineClient } from '../../kit/index.ts';
import { startPair } from './pair.ts';

const server = postgres();

function prepare(w: MessageWriter): MessageWriter {
  return w.parse('s', 'SELECT 1 + $1::int').sync();
}

function use(w: MessageWriter): MessageWriter {
  return w.bind('', 's', ['2']).execute('').sync();
}

/** Another client is served: nobody keeps the one server for himself. */
async function expectServed(client: PipelineClient): Promise<void> {
  expect(
    await within(
      'an answer for somebody else',
      client.ask((w) => w.query('SELECT 7')),
    ),
  ).toContain('D:7');
}

describe('clients that mean harm, or have bad luck', () => {
  test('a length below its own size, among requests that wait, is no loop without an end', async () => {
    const pair = await startPair(server);
    const [hog, client] = await Promise.all([pair.pooled(), pair.pooled()]);
    await hog.ask((w) => w.query('BEGIN'));
    const nonsense = Buffer.from([0x44, 0xff, 0xff, 0xff, 0xff]);
    await client.sendBytes(Buffer.concat([bytesOf((w) => w.parse('a', 'SELECT 1')), nonsense]));
    await waitFor('it to wait', () => pair.pooler.pools[0]!.waiting.size === 1);
    await client.cancel();
    await hog.ask((w) => w.query('COMMIT'));
    await expectServed(hog);
  });

  test('who was refused and goes on sending is cut off', async () => {
    const pair = await startPair(server);
    const { port } = pair.scene;
    const socket = connect({ host: '127.0.0.1', port });
    const closed = once(socket, 'close');
    socket.on('error', () => undefined);
    socket.resume();
    socket.write(Buffer.from([0xff, 0xff, 0xff, 0xff, 0, 0, 0, 0]));
    const sending = setInterval(() => socket.write('x'), 500);
    await within('the end', closed, 20_000);
    clearInterval(sending);
  });

  test('what is due to one client is bounded, and all of it comes', async () => {
    const pair = await startPair(server);
    const client = await pair.pooled();
    await client.ask((w) => w.parse('s', 'SELECT 1').sync());
    // None of these goes to the server, and nothing but the server's answer lets them be answered.
    const closes = bytesOf((w) => {
      for (let i = 0; i < 1000; i++) w.close('statement', 'none');
      return w;
    });
    await client.send((w) =>
      w.parse('', 'SELECT 1 FROM pg_sleep(0.5)').bind('', '', []).execute(''),
    );
    const [pool] = pair.pooler.pools;
    let most = 0;
    const watch = setInterval(() => {
      for (const { expected } of pool!.servers) most = Math.max(most, expected.size);
    }, 5);
    for (let i = 0; i < 400; i++) await client.sendBytes(closes);
    const answers = await client.ask((w) => w.sync());
    clearInterval(watch);
    expect(most).toBeLessThan(100_000);
    expect(answers.filter((answer) => answer === '3')).toHaveLength(400_000);
    await pair.expectQuiet();
  });

  test('a text of empty lines is looked through once', async () => {
    const pair = await startPair(server, { settings: { pool_mode: 'auto' } });
    const client = await pair.pooled();
    // From each line end on, this would be many minutes.
    expect(await client.ask((w) => w.query(`${'\n'.repeat(1_000_000)}SELECT 1`))).toContain('D:1');
    await client.ask((w) => w.query('\n \n\t SET\tseq_page_cost = 3'));
    expect([...pair.pooler.clients][0]?.pinReason).toBe('SET seq_page_cost');
  });

  test('a reader that was slow hands its server on as it was', async () => {
    const pair = await startPair(server);
    const [slow, other] = await Promise.all([pair.pooled(), pair.pooled()]);
    const [client] = pair.pooler.clients;
    slow.socket.pause();
    let asked = 0;
    // Large ones until the kernel takes no more, then small ones, whose last byte is what fills our own memory.
    while (!client!.leg.isFull) {
      const { queries } = client!.pool.traffic;
      const rows = client!.leg.unwrittenBytes === 0 ? 50 : 5;
      await slow.send((w) => w.query(`SELECT repeat('x', 1000) FROM generate_series(1, ${rows})`));
      asked++;
      await waitFor('its answer to be through', () => client!.pool.traffic.queries > queries);
    }
    await expectServed(other);
    slow.socket.resume();
    expect((await within('its answers', slow.until(asked))).at(-1)).toBe('Z:I');
    await pair.expectQuiet();
  });

  test('a huge text behind a comment ends nothing', async () => {
    const pair = await startPair(server);
    const client = await pair.pooled();
    const text = `/* app */ SELECT length('${'x'.repeat(12 * 1024 * 1024)}')`;
    const replies = await client.ask((w) => w.parse('', text).bind('', '', []).execute('').sync());
    expect(replies).toContain('D:12582912');
    await expectServed(client);
  });

  test('data of a COPY that has failed meanwhile keeps no server', async () => {
    const pair = await startPair(server, { sql: 'CREATE TABLE t (a int)' });
    const [client, other] = await Promise.all([pair.pooled(), pair.pooled()]);
    await client.ask((w) => w.query('COPY t FROM STDIN'), 'G');
    await client.send((w) => w.copyData(Buffer.from('no number\n')));
    const late = bytesOf((w) => w.copyData(Buffer.from('1\n'.repeat(20_000))));
    await client.sendBytes(late.subarray(0, 9_000));
    await within('the error', client.until(1));
    await client.sendBytes(Buffer.concat([late.subarray(9_000), bytesOf((w) => w.copyDone())]));
    await expectServed(other);
    await expectServed(client);
    await pair.expectQuiet();
  });

  test('half a request gets no server, and a pipeline without its Sync is an open transaction', async () => {
    const pair = await startPair(server, { settings: { idle_transaction_timeout: 0.5 } });
    const [client, other] = await Promise.all([pair.pooled(), pair.pooled()]);
    await client.sendBytes(bytesOf((w) => w.parse('', 'SELECT 1')).subarray(0, 6));
    await expectServed(other);

    const third = await pair.pooled();
    await third.send((w) => w.parse('', 'SELECT 1').flush());
    await expectServed(other);
    await waitFor('it to be ended', () => !third.isOpen);
  });

  test('who asks and does not read is not answered without end', async () => {
    const pair = await startPair(server);
    const [client, other] = await Promise.all([pair.pooled(), pair.pooled()]);
    client.socket.pause();
    const syncs = bytesOf((w) => {
      for (let i = 0; i < 100_000; i++) w.sync();
      return w;
    });
    for (let i = 0; i < 40; i++) client.socket.write(syncs);
    await waitFor('it to be held back', () =>
      [...pair.pooler.clients].some(({ leg }) => leg.isPaused && leg.unwrittenBytes > 0),
    );
    await expectServed(other);
    for (const { leg } of pair.pooler.clients)
      expect(leg.unwrittenBytes).toBeLessThan(4 * 1024 * 1024);
    client.vanish();
  });

  test('a large request that is cancelled while it waits leaves its client as it was', async () => {
    const pair = await startPair(server);
    const [hog, client] = await Promise.all([pair.pooled(), pair.pooled()]);
    await hog.ask((w) => w.query('BEGIN'));
    await client.send((w) => w.query(`SELECT '${'x'.repeat(100_000)}'`));
    await waitFor('it to wait', () => pair.pooler.pools[0]!.waiting.size === 1);
    await client.cancel();
    expect(await within('the answer', client.until(1))).toEqual(['E:57014', 'Z:I']);
    await hog.ask((w) => w.query('COMMIT'));
    await expectServed(client);
    await client.close();
    await waitFor('it to be gone', () => pair.pooler.clients.size === 1);
  });

  test('statements that were taken away behind our back are prepared again', async () => {
    const pair = await startPair(server);
    const [client, other] = await Promise.all([pair.pooled(), pair.pooled()]);
    await client.ask(prepare);
    await other.ask((w) => w.query(`DO $$ BEGIN EXECUTE 'DEALLOCATE ALL'; END $$`));
    await client.ask(use);
    expect(await client.ask(use)).toContain('D:3');
    const names = await other.ask((w) => w.query('SELECT name FROM pg_prepared_statements'));
    const name = names.find((reply) => reply.startsWith('D:'))!.slice(2);
    expect(await other.ask((w) => w.query(`DEALLOCATE "${name}"`))).toContain('E:26000');
    expect(await client.ask(use)).toContain('D:3');
  });

  test('a client that leaves before its LISTEN is answered leaves no channel', async () => {
    const pair = await startPair(server);
    for (let i = 0; i < 10; i++) {
      const client = await pair.pooled();
      await client.send((w) => w.query(`LISTEN c${i}`));
      client.vanish();
    }
    await waitFor('them to be gone', () => pair.pooler.clients.size === 0);
    await waitFor('their channels to be gone', () => pair.pooler.pools[0]?.hub.channelCount === 0);
  });
});

describe('state in mode auto', () => {
  test.each([
    ['CREATE TABLE pg_temp.secret AS SELECT 42 AS value', 'temporary object'],
    ['EXPLAIN ANALYZE CREATE TEMP TABLE secret AS SELECT 42', 'temporary object'],
    ["SET work_mem = '5MB'", 'SET work_mem'],
  ])('is seen also without shared statements: %s', async (text, reason) => {
    const settings = { pool_mode: 'auto', max_prepared_statements: 0 };
    const pair = await startPair(server, { settings, poolSize: 2 });
    const client = await pair.pooled();
    await client.ask((w) => w.query(text));
    const [pinned] = pair.pooler.clients;
    expect(pinned!.pinReason).toBe(reason);
  });

  test('a text that nobody has looked at may have left anything behind', async () => {
    const pair = await startPair(server, { settings: { pool_mode: 'auto' }, poolSize: 2 });
    const client = await pair.pooled();
    await client.ask((w) => w.query(`SELECT 1 /* ${'x'.repeat(2 * 1024 * 1024)} */`));
    const [pinned] = pair.pooler.clients;
    expect(pinned!.pinReason).toBe('text too long to look at');
  });
});
