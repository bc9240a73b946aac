import { describe, expect, test } from 'vitest';
import {
  follow,
  followInto,
  unchanged,
  type FollowedTransaction,
  type FollowOptions,
} from '../../src/replicate/index.ts';
import { createLog } from '../../src/service/index.ts';
import { Session } from '../../src/session/index.ts';
import { lsn } from '../../src/wire/index.ts';
import { anyMajor, postgres, waitFor, within, type TestDatabase } from '../kit/index.ts';

const server = postgres(anyMajor);

const tables = `
  CREATE TYPE mood AS ENUM ('ok', 'bad');
  CREATE TABLE orders (id int PRIMARY KEY, total numeric, at timestamptz, tags text[], doc jsonb, big text, m mood);
  ALTER TABLE orders ALTER big SET STORAGE EXTERNAL`;

function optionsFor(here: TestDatabase, there: TestDatabase, stop: AbortController): FollowOptions {
  return { source: here.url, positions: there.url, name: 'audit', signal: stop.signal };
}

async function databases(): Promise<[TestDatabase, TestDatabase]> {
  return [await server.database(tables), await server.database()];
}

/** What a transaction did, small enough to expect. */
async function shapeOf(transaction: FollowedTransaction): Promise<string[]> {
  const shape: string[] = [];
  for await (const change of transaction.changes()) {
    if (change.kind === 'truncate') shape.push('truncate');
    else if (change.kind === 'message') shape.push(`message ${change.prefix}`);
    else if (change.kind === 'delete') shape.push(`delete ${String(change.before.text('id'))}`);
    else shape.push(`${change.kind} ${String(change.row.text('id'))}`);
  }
  return shape;
}

/** Starts following before anything is written: the first run begins with what commits then. */
async function begun(here: TestDatabase, options: FollowOptions, stop: AbortController) {
  const transactions = follow(options);
  const first = transactions.next();
  await active(here);
  return { transactions, first, stop };
}

async function active(here: TestDatabase): Promise<void> {
  await waitFor('the slot', async () => {
    const [row] = await here.rows<{ n: string }>(
      `SELECT count(*)::text AS n FROM pg_replication_slots WHERE database = current_database() AND active`,
    );
    return row?.n === '1';
  });
}

describe('following for a program', () => {
  test('gives typed rows, transaction by transaction, in commit order', async () => {
    const [here, there] = await databases();
    const stop = new AbortController();
    const { transactions, first } = await begun(here, optionsFor(here, there, stop), stop);
    await here.rows(
      `INSERT INTO orders VALUES (1, 12.50, '2026-01-02 03:04:05+00', '{a,b}', '{"x": [1]}', repeat('y', 9000), 'ok')`,
    );
    const { value } = await first;
    const changes = [];
    for await (const change of value!.changes()) changes.push(change);
    expect(changes).toHaveLength(1);
    const [insert] = changes;
    expect(insert).toMatchObject({ kind: 'insert', table: { schema: 'public', name: 'orders' } });
    if (insert?.kind !== 'insert') throw new Error('not an insert');
    expect(insert.row.toObject()).toEqual({
      id: 1,
      total: '12.50',
      at: new Date('2026-01-02T03:04:05Z'),
      tags: ['a', 'b'],
      doc: { x: [1] },
      big: 'y'.repeat(9000),
      m: 'ok',
    });
    await here.rows('UPDATE orders SET total = 3 WHERE id = 1');
    const second = await transactions.next();
    for await (const change of second.value!.changes()) {
      if (change.kind !== 'update') throw new Error('not an update');
      expect(change.row.get('big')).toBe(unchanged);
      expect(change.row.get('total')).toBe('3');
      expect(change.before).toBeNull();
    }
    stop.abort();
    await transactions.return(undefined);
  });

  test('goes on behind the last transaction that was handled', async () => {
    const [here, there] = await databases();
    const stop = new AbortController();
    const { transactions, first } = await begun(here, optionsFor(here, there, stop), stop);
    await here.rows('INSERT INTO orders (id) VALUES (1)');
    await here.rows('INSERT INTO orders (id) VALUES (2); DELETE FROM orders WHERE id = 1');
    expect(await shapeOf((await first).value)).toEqual(['insert 1']);
    const unhandled = await transactions.next();
    expect(await shapeOf(unhandled.value)).toEqual(['insert 2', 'delete 1']);
    await transactions.return(undefined); // the second was not handled: nothing was asked for behind it

    const again = new AbortController();
    const resumed = follow(optionsFor(here, there, again));
    expect(await shapeOf((await resumed.next()).value)).toEqual(['insert 2', 'delete 1']);
    await here.rows('TRUNCATE orders');
    expect(await shapeOf((await resumed.next()).value)).toEqual(['truncate']);
    again.abort();
    await resumed.return(undefined);
  });

  test("a handler's work and the position commit together, or not at all", async () => {
    const [here, there] = await databases();
    await there.rows('CREATE TABLE seen (id int)');
    const stop = new AbortController();
    const options = { ...optionsFor(here, there, stop), withMessages: true };
    let failures = 1;
    const handle: Parameters<typeof followInto>[1] = async (transaction, tx) => {
      for await (const change of transaction.changes())
        if (change.kind === 'insert')
          await tx.query('INSERT INTO seen VALUES ($1)', [change.row.get('id')]);
      if (failures-- > 0) throw new Error('the handler fails once');
    };
    const failing = followInto(options, handle);
    const outcome = expect(failing).rejects.toThrow('the handler fails once');
    await active(here);
    await here.rows('INSERT INTO orders (id) VALUES (1)');
    await outcome;
    expect(await there.rows('SELECT id FROM seen')).toEqual([]);

    const running = followInto(options, handle);
    await here.rows('INSERT INTO orders (id) VALUES (2), (3)');
    await waitFor('three rows', async () => (await there.rows('SELECT id FROM seen')).length === 3);
    stop.abort();
    await running;
    const ids = await there.rows<{ id: number }>('SELECT id FROM seen ORDER BY id');
    expect(ids.map(({ id }) => id)).toEqual([1, 2, 3]);
  });

  test('aborted in the middle of a transaction: rolled back, ended well, and whole the next time', async () => {
    const [here, there] = await databases();
    await there.rows('CREATE TABLE seen (id int)');
    const stop = new AbortController();
    const stopping = followInto(optionsFor(here, there, stop), async (transaction, tx) => {
      for await (const change of transaction.changes()) {
        if (change.kind !== 'insert' || stop.signal.aborted) continue;
        await tx.query('INSERT INTO seen VALUES ($1)', [change.row.get('id')]);
        stop.abort();
      }
    });
    await active(here);
    // More than the queue in memory takes: its end has not come when its beginning is handled.
    const rows = 30_000;
    await here.rows(
      `INSERT INTO orders (id, big) SELECT g, repeat('y', 1000) FROM generate_series(1, ${rows}) g`,
    );
    await stopping;
    expect(await there.rows('SELECT id FROM seen')).toEqual([]);

    const again = new AbortController();
    let count = 0;
    await followInto(optionsFor(here, there, again), async (transaction) => {
      for await (const change of transaction.changes()) count += change.kind === 'insert' ? 1 : 0;
      again.abort();
    });
    expect(count).toBe(rows);
  });

  test('one follows, another of the same name stands by and goes on behind it', async () => {
    const [here, there] = await databases();
    const stop = new AbortController();
    const { transactions, first } = await begun(here, optionsFor(here, there, stop), stop);
    const logged: string[] = [];
    const again = new AbortController();
    const log = createLog({ level: 'info', write: (line) => void logged.push(line) });
    const second = follow({ ...optionsFor(here, there, again), log });
    const taken = second.next();
    await waitFor('the second to stand by', () => logged.length > 0);
    await here.rows('INSERT INTO orders (id) VALUES (1)');
    expect(await shapeOf((await first).value)).toEqual(['insert 1']);
    stop.abort();
    await transactions.next();
    await here.rows('INSERT INTO orders (id) VALUES (2)');
    expect(await shapeOf((await taken).value)).toEqual(['insert 2']);
    expect(logged).toHaveLength(1);
    expect(logged[0]).toContain('another process runs this pipeline: standing by');
    again.abort();
    await second.return(undefined);
  });

  test('one that stands by ends well when it is told to', async () => {
    const [here, there] = await databases();
    const stop = new AbortController();
    const { transactions, first } = await begun(here, optionsFor(here, there, stop), stop);
    const again = new AbortController();
    const logged: string[] = [];
    const log = createLog({ level: 'info', write: (line) => void logged.push(line) });
    const standing = followInto({ ...optionsFor(here, there, again), log }, () =>
      Promise.reject(new Error('there was nothing to handle')),
    );
    await waitFor('it to stand by', () => logged.length > 0);
    again.abort();
    await within('it to end', standing);
    stop.abort();
    expect(await first).toMatchObject({ done: true });
    await transactions.return(undefined);
  });

  test('a slot that is still in use is waited for', async () => {
    const [here, there] = await databases();
    const stop = new AbortController();
    const { transactions, first } = await begun(here, optionsFor(here, there, stop), stop);
    stop.abort();
    await first;
    await transactions.return(undefined);
    const slot = await here.value<string>(
      'SELECT slot_name::text FROM pg_replication_slots WHERE database = current_database()',
    );
    const dying = await Session.connect(here.url, { purpose: 'dying', replication: true });
    const pluginOptions = { proto_version: '1', publication_names: `"${slot}"` };
    await dying.startReplication({ slot, from: lsn(0n), pluginOptions });

    const again = new AbortController();
    const resumed = follow(optionsFor(here, there, again));
    const next = resumed.next();
    await waitFor('it to be refused', async () => {
      const refused = await here.rows(
        `SELECT 1 FROM pg_stat_activity WHERE datname = current_database()
          AND state = 'idle' AND query LIKE 'START_REPLICATION%'`,
      );
      return refused.length > 0;
    });
    dying.destroy();
    await here.rows('INSERT INTO orders (id) VALUES (1)');
    expect(await shapeOf((await within('the change', next)).value)).toEqual(['insert 1']);
    again.abort();
    await resumed.return(undefined);
  });

  test('aborted while it begins, it ends well', async () => {
    const [here, there] = await databases();
    const stop = new AbortController();
    const log = createLog({ level: 'debug', write: () => stop.abort() });
    const transactions = follow({ ...optionsFor(here, there, stop), log });
    expect(await within('it to end', transactions.next())).toMatchObject({ done: true });
  });

  test('a source that tells of less than the recorded position does not move it back', async () => {
    const [here, there] = await databases();
    const stop = new AbortController();
    const { transactions, first } = await begun(here, optionsFor(here, there, stop), stop);
    await here.rows('INSERT INTO orders (id) VALUES (1)');
    await first;
    stop.abort();
    await transactions.next();
    // The next segment's beginning: nothing that the source can tell of now comes up to it.
    const ahead = `('0/1000000'::pg_lsn - '0/0' + trunc((pg_current_wal_insert_lsn() - '0/0') / 16777216) * 16777216)`;
    const at = await here.value<string>(`SELECT ('0/0'::pg_lsn + ${ahead})::text`);
    await there.rows(`UPDATE sluice.pipeline SET position = $1::pg_lsn`, [at]);

    const again = new AbortController();
    const resumed = follow(optionsFor(here, there, again));
    const next = resumed.next();
    await waitFor('the walsender to be idle', async () => {
      const rows = await here.rows(
        `SELECT 1 FROM pg_stat_replication AS r JOIN pg_replication_slots AS s ON s.active_pid = r.pid
         WHERE s.database = current_database() AND r.state = 'streaming'`,
      );
      return rows.length === 1;
    });
    await here.rows('SELECT pg_switch_wal()');
    await here.rows('INSERT INTO orders (id) VALUES (2)');
    expect(await shapeOf((await next).value)).toEqual(['insert 2']);
    await here.rows('INSERT INTO orders (id) VALUES (3)');
    expect(await shapeOf((await resumed.next()).value)).toEqual(['insert 3']);
    again.abort();
    await resumed.return(undefined);
  });

  test('a key is told as what it is, not as a row of nulls', async () => {
    const [here, there] = await databases();
    const stop = new AbortController();
    const { transactions, first } = await begun(here, optionsFor(here, there, stop), stop);
    await here.rows(`INSERT INTO orders (id, total) VALUES (1, 5);`);
    await first;
    await here.rows('DELETE FROM orders');
    const { value } = await transactions.next();
    for await (const change of value!.changes())
      expect(change.kind === 'delete' && change.before.toObject()).toEqual({ id: 1 });
    await here.rows(`ALTER TABLE orders REPLICA IDENTITY FULL; INSERT INTO orders (id) VALUES (2)`);
    await transactions.next();
    await here.rows('DELETE FROM orders');
    const whole = await transactions.next();
    for await (const change of whole.value!.changes())
      expect(change.kind === 'delete' && change.before.toObject()).toMatchObject({
        id: 2,
        total: null,
      });
    stop.abort();
    await transactions.return(undefined);
  });

  test('a table without key is refused before it is published, or has its inserts followed', async () => {
    const [here, there] = await databases();
    await here.rows('CREATE TABLE notes (id int)');
    const stop = new AbortController();
    await expect(follow(optionsFor(here, there, stop)).next()).rejects.toMatchObject({
      code: 'REPLICATE_NO_IDENTITY',
      details: { table: 'public.notes' },
    });
    await here.rows('INSERT INTO notes VALUES (1)');
    await here.rows('UPDATE notes SET id = 2');

    const options = { ...optionsFor(here, there, stop), tablesWithoutKey: 'insert_only' } as const;
    const { transactions, first } = await begun(here, options, stop);
    await here.rows('INSERT INTO notes VALUES (3)');
    expect(await shapeOf((await first).value)).toEqual(['insert 3']);
    await here.rows('UPDATE notes SET id = 4');
    await here.rows('INSERT INTO orders (id) VALUES (5)');
    expect(await shapeOf((await transactions.next()).value)).toEqual(['insert 5']);
    stop.abort();
    await transactions.return(undefined);
  });
});
