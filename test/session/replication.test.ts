import { describe, expect, test } from 'vitest';
import { createSlot, dropSlot, identifySystem, Session } from '../../src/session/index.ts';
import type { ReplicationBlock, ReplicationStream } from '../../src/session/index.ts';
import { formatLsn, lsn, type Lsn } from '../../src/wire/index.ts';
import {
  anyMajor,
  majors,
  postgres,
  startProxy,
  waitFor,
  within,
  type TestDatabase,
} from '../kit/index.ts';

const schemaSql = `
  CREATE TABLE items (id int PRIMARY KEY, text text);
  CREATE TABLE unpublished (id int)`;

async function publish(database: TestDatabase): Promise<void> {
  await database.query('CREATE PUBLICATION pub FOR TABLE items');
}

function connect(url: string): Promise<Session> {
  return Session.connect(url, { purpose: 'test', replication: true });
}

async function follow(
  session: Session,
  slot: string,
  statusIntervalMs = 50,
): Promise<ReplicationStream> {
  return session.startReplication({
    slot,
    from: lsn(0n),
    pluginOptions: { proto_version: '1', publication_names: 'pub' },
    statusIntervalMs,
  });
}

function confirmAll(stream: ReplicationStream, position: Lsn): void {
  stream.confirm({ written: position, flushed: position, applied: position });
}

/** The tags of a block's messages: `BIIC`. */
function tagsOf({ bytes, starts, count }: ReplicationBlock): string {
  return Array.from({ length: count }, (_, i) =>
    String.fromCharCode(bytes[starts[i] ?? 0] ?? 0),
  ).join('');
}

/** Reads until this many commits came; the tags of all messages. */
async function readCommits(stream: ReplicationStream, commits: number): Promise<string> {
  let tags = '';
  const iterator = stream[Symbol.asyncIterator]();
  while (tags.split('C').length <= commits) {
    const { value } = await iterator.next();
    if (value === undefined) throw new Error(`the stream ended after ${tags}`);
    tags += tagsOf(value);
  }
  return tags;
}

describe.each(majors)('replication from PostgreSQL %i', (major) => {
  const server = postgres(major);

  test('tells who the server is', async () => {
    const database = await server.database();
    await using session = await connect(database.url);
    const identity = await identifySystem(session);
    expect(identity).toMatchObject({ timeline: 1, database: database.name });
    const known = await database.value('SELECT system_identifier::text FROM pg_control_system()');
    expect(identity.systemId).toBe(known);
    expect(identity.walFlush).toBeGreaterThan(0n);
    await expect(session.query('SELECT $1::int', [1])).rejects.toMatchObject({
      name: 'ServerError',
    });
  });

  test('a slot and its snapshot meet exactly', async () => {
    const database = await server.database(schemaSql);
    await publish(database);
    await database.query(`INSERT INTO items VALUES (1, 'before')`);
    await using session = await connect(database.url);
    const slot = await createSlot(session, {
      name: 'odd_1',
      snapshot: 'export',
      failover: major >= 17,
    });
    await database.query(`INSERT INTO items VALUES (2, 'after')`);
    await using reader = await Session.connect(database.url, { purpose: 'test' });
    const { rows } = await reader.query(`BEGIN ISOLATION LEVEL REPEATABLE READ;
      SET TRANSACTION SNAPSHOT '${slot.snapshotName}'; SELECT id FROM public.items`);
    expect(rows).toEqual([{ id: '1' }]);
    await reader.query('COMMIT');
    const stream = await follow(session, 'odd_1');
    expect(await readCommits(stream, 1)).toBe('BRIC');
    await stream.stop();
    await expect(createSlot(session, { name: 'odd_1', snapshot: 'nothing' })).rejects.toMatchObject(
      {
        sqlstate: '42710',
      },
    );
    await dropSlot(session, 'odd_1', { wait: true });
    await createSlot(session, { name: 'odd_1', snapshot: 'nothing' });
    await dropSlot(reader, 'odd_1');
    await expect(dropSlot(reader, 'odd_1')).rejects.toMatchObject({ sqlstate: '42704' });
  });

  test('delivers every message once, whole', async () => {
    const database = await server.database(schemaSql);
    await publish(database);
    await using session = await connect(database.url);
    await createSlot(session, { name: 's', temporary: true, snapshot: 'nothing' });
    const stream = await follow(session, 's');
    await database.query(
      `INSERT INTO items SELECT n, repeat('x', n * 7 % 20000) FROM generate_series(1, 3000) n`,
    );
    await database.query(
      `UPDATE items SET text = 'y' WHERE id <= 100; DELETE FROM items WHERE id <= 50`,
    );
    expect(await readCommits(stream, 2)).toBe(
      `BR${'I'.repeat(3000)}CB${'U'.repeat(100)}${'D'.repeat(50)}C`,
    );
    await stream.stop();
    // The session can be used again.
    expect((await session.query('SELECT 1 AS one')).rows).toEqual([{ one: '1' }]);
  });
});

describe('a replication stream', () => {
  const server = postgres(anyMajor);

  async function start(): Promise<{
    database: TestDatabase;
    session: Session;
    stream: ReplicationStream;
  }> {
    const database = await server.database(schemaSql);
    await publish(database);
    const session = await connect(database.url);
    await createSlot(session, { name: 's', temporary: true, snapshot: 'nothing' });
    return { database, session, stream: await follow(session, 's') };
  }

  test('confirms nothing by itself, and what it is told to', async () => {
    const { database, session, stream } = await start();
    const before = await confirmed(database);
    await database.query(`INSERT INTO items VALUES (1, 'x')`);
    await readCommits(stream, 1);
    for (let i = 0; i < 2; i++) await nextReply(database);
    expect(await confirmed(database)).toBe(before);
    const position = lsn(
      BigInt(await database.value(`SELECT (pg_current_wal_lsn() - '0/0')::text`)),
    );
    confirmAll(stream, position);
    await waitFor(
      'the confirmation',
      async () => (await confirmed(database)) === formatLsn(position),
    );
    expect(() => confirmAll(stream, lsn(position - 1n))).toThrow(
      expect.objectContaining({ code: 'SESSION_CONFIRM_BACKWARDS' }),
    );
    await stream.stop();
    await session.close();
  });

  test('goes forward on keepalives while only other tables change', async () => {
    const { database, session, stream } = await start();
    const iterator = stream[Symbol.asyncIterator]();
    await database.query('INSERT INTO unpublished SELECT generate_series(1, 1000)');
    const target = BigInt(await database.value(`SELECT (pg_current_wal_lsn() - '0/0')::text`));
    let end = 0n;
    while (end < target) {
      const { value } = await within('a keepalive', iterator.next());
      if (value === undefined) break;
      expect(tagsOf(value)).toMatch(/^(BC)*$/);
      end = value.keepaliveEnd ?? end;
      expect(value.serverWalEnd).toBeGreaterThanOrEqual(end);
    }
    expect(end).toBeGreaterThanOrEqual(target);
    await stream.stop();
    await session.close();
  });

  test('answers at once when the server asks', async () => {
    const database = await server.database(schemaSql);
    await publish(database);
    const impatient = await Session.connect(database.url, {
      purpose: 'test',
      replication: true,
      settings: { wal_sender_timeout: '3s' },
    });
    await createSlot(impatient, { name: 's', temporary: true, snapshot: 'nothing' });
    const quiet = await follow(impatient, 's', 1_000_000);
    const iterator = quiet[Symbol.asyncIterator]();
    // Each comes after half the timeout and asks for a reply; the third proves that two were given.
    for (let i = 0; i < 3; i++) {
      const { value } = await within('a keepalive', iterator.next());
      expect(value?.count).toBe(0);
    }
    await quiet.stop();
    await impatient.close();
  });

  test('makes the server wait for a slow consumer, yet keeps the connection alive', async () => {
    const database = await server.database(schemaSql);
    await publish(database);
    const proxy = await startProxy({ port: server.port });
    const session = await Session.connect(proxy.url(database.url), {
      purpose: 'test',
      replication: true,
      settings: { wal_sender_timeout: '3s' },
    });
    await createSlot(session, { name: 's', temporary: true, snapshot: 'nothing' });
    const stream = await follow(session, 's');
    await database.query(
      `INSERT INTO items SELECT n, repeat('x', 10000) FROM generate_series(1, 4000) n`,
    );
    let last = -1;
    await waitFor(
      'the flow to stop',
      () => {
        const isStill = proxy.toClient.bytes === last && last > 4_000_000;
        last = proxy.toClient.bytes;
        return isStill;
      },
      { everyMs: 100 },
    );
    expect(last).toBeLessThan(30_000_000);
    const sent = proxy.toServer.bytes;
    // 120 updates of 39 bytes at 50 ms take twice the server's patience.
    await waitFor('status updates', () => proxy.toServer.bytes > sent + 120 * 39);
    expect(await readCommits(stream, 1)).toBe(`BR${'I'.repeat(4000)}C`);
    await stream.stop();
    await session.close();
  });

  test('can be stopped in the middle of a transaction, and the slot followed again', async () => {
    const database = await server.database(schemaSql);
    await publish(database);
    const session = await connect(database.url);
    await createSlot(session, { name: 'kept', snapshot: 'nothing' });
    const stream = await follow(session, 'kept');
    await database.query(
      `INSERT INTO items SELECT n, repeat('x', 1000) FROM generate_series(1, 30000) n`,
    );
    for await (const block of stream) if (block.count > 0) break;
    await session.close();
    await using again = await connect(database.url);
    let second: ReplicationStream | null = null;
    await waitFor('the slot to be free', async () => {
      second = await follow(again, 'kept').catch(() => null);
      return second;
    });
    if (second !== null) expect(await readCommits(second, 1)).toBe(`BR${'I'.repeat(30000)}C`);
    await again.close();
    await using dropper = await connect(database.url);
    await dropSlot(dropper, 'kept', { wait: true });
  });

  test('ends with a typed error when the server goes, after what came before', async () => {
    const { session, stream } = await start();
    const [row] = await server.query(`SELECT pg_terminate_backend(${session.backendPid}) AS done`);
    expect(row).toEqual({ done: true });
    const read = async (): Promise<void> => {
      for await (const block of stream) expect(block.count).toBe(0);
    };
    await expect(within('the end', read())).rejects.toMatchObject({ sqlstate: '57P01' });
    await session.closed;
    await stream.stop();
  });

  test('ends with a typed error when the server cannot decode', async () => {
    const { session, stream, database } = await start();
    await database.query(`INSERT INTO items VALUES (1, 'x'); DROP PUBLICATION pub`);
    await database.query(`INSERT INTO items VALUES (2, 'x')`);
    await expect(within('the error', readCommits(stream, 2))).rejects.toMatchObject({
      name: 'ServerError',
      sqlstate: '42704',
    });
    expect((await session.query('SELECT 1 AS one')).rows).toEqual([{ one: '1' }]);
    await session.close();
  });

  test('is refused for slots that are missing or in use', async () => {
    const { database, session, stream } = await start();
    await using other = await connect(database.url);
    await expect(follow(other, 'none')).rejects.toMatchObject({ sqlstate: '42704' });
    await expect(follow(other, 's')).rejects.toMatchObject({ sqlstate: '55006' });
    expect((await other.query('SELECT 1 AS one')).rows).toEqual([{ one: '1' }]);
    await stream.stop();
    await session.close();
  });

  test('notices a server that has vanished without a word', async () => {
    const proxy = await startProxy({ port: server.port });
    const database = await server.database(schemaSql, { mayLeak: true });
    await publish(database);
    const session = await connect(proxy.url(database.url));
    await createSlot(session, { name: 's', temporary: true, snapshot: 'nothing' });
    const stream = await session.startReplication({
      slot: 's',
      from: lsn(0n),
      pluginOptions: { proto_version: '1', publication_names: 'pub' },
      statusIntervalMs: 20,
      silenceLimitMs: 300,
    });
    const iterator = stream[Symbol.asyncIterator]();
    const read = async (): Promise<void> => {
      for (;;) if ((await iterator.next()).done === true) return;
    };
    const reading = expect(within('the silence', read())).rejects.toMatchObject({
      code: 'SESSION_SERVER_SILENT',
    });
    await waitFor('keepalives to be asked for', () => proxy.toServer.bytes > 0);
    proxy.loseServer();
    await reading;
  });
});

function confirmed(database: TestDatabase): Promise<string> {
  return database.value(`SELECT confirmed_flush_lsn::text FROM pg_replication_slots
    WHERE slot_name = 's' AND database = current_database()`);
}

/** Waits until the server has heard from the stream once more. */
async function nextReply(database: TestDatabase): Promise<void> {
  const sql = `SELECT coalesce(max(reply_time)::text, '') FROM pg_stat_replication`;
  const before = await database.value(sql);
  await waitFor('a status update', async () => (await database.value(sql)) !== before);
}
