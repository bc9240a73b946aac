import { describe, expect, test } from 'vitest';
import { Session } from '../../src/session/index.ts';
import { MessageWriter } from '../../src/wire/index.ts';
import { anyMajor, majors, postgres, startProxy, waitFor, within } from '../kit/index.ts';

const tableSql = `
  CREATE TABLE source (id int, text text, at timestamptz);
  INSERT INTO source SELECT n, repeat('é', n % 300), '2024-01-01'::timestamptz + n * '1 s'::interval
    FROM generate_series(1, 10000) AS n;
  INSERT INTO source VALUES (0, repeat('x', 1000000), NULL);
  CREATE TABLE target (LIKE source)`;

const differenceSql = `SELECT count(*)::text AS n FROM
  ((TABLE source EXCEPT ALL TABLE target) UNION ALL (TABLE target EXCEPT ALL TABLE source)) AS rows`;

describe.each(majors)('COPY with PostgreSQL %i', (major) => {
  const server = postgres(major);

  test.each(['binary', 'text'])(
    'goes from one session to another as it came, in %s',
    async (format) => {
      const database = await server.database(tableSql);
      await using source = await Session.connect(database.url, { purpose: 'test' });
      await using target = await Session.connect(database.url, { purpose: 'test' });
      const copyIn = await target.copyIn(`COPY public.target FROM STDIN (FORMAT ${format})`);
      const out = await source.copyOut(`COPY public.source TO STDOUT (FORMAT ${format})`, (run) =>
        copyIn.write(run),
      );
      expect(out).toEqual({ rowCount: 10_001 });
      expect(await copyIn.end()).toEqual({ rowCount: 10_001 });
      expect(await database.value(differenceSql)).toBe('0');
      expect((await source.query('SELECT 1 AS one')).rows).toEqual([{ one: '1' }]);
      expect(source.transactionStatus + target.transactionStatus).toBe('II');
    },
  );
});

describe('COPY', () => {
  const server = postgres(anyMajor);

  test('reads no further while a run is not taken', async () => {
    const database = await server.database(tableSql);
    const proxy = await startProxy({ port: server.port });
    await using session = await Session.connect(proxy.url(database.url), { purpose: 'test' });
    const gate = Promise.withResolvers<void>();
    let runs = 0;
    const endless =
      'COPY (SELECT repeat(text, 3) FROM public.source, generate_series(1, 12)) TO STDOUT';
    const copied = session.copyOut(endless, () => (++runs === 1 ? gate.promise : undefined));
    // The server stands still when the sockets between us are full.
    let before = -1;
    await waitFor('the server to stand still', async () => {
      const [row] = await server.query(
        `SELECT FROM pg_stat_activity WHERE pid = ${session.backendPid} AND wait_event = 'ClientWrite'`,
      );
      const isStill = row !== undefined && proxy.toClient.bytes === before;
      before = proxy.toClient.bytes;
      return isStill;
    });
    expect(runs).toBe(1);
    gate.resolve();
    expect(await copied).toEqual({ rowCount: 120_012 });
  });

  test('waits for the server while it does not read', async () => {
    const database = await server.database(tableSql);
    await using session = await Session.connect(database.url, { purpose: 'test' });
    const blocker = await database.client();
    await blocker.query('BEGIN; LOCK TABLE target');
    const opening = session.copyIn('COPY public.target FROM STDIN');
    await waitFor('the lock to be waited for', () =>
      database
        .value(`SELECT count(*) FROM pg_locks WHERE NOT granted AND database <> 0`)
        .then(Number),
    );
    await blocker.query('COMMIT');
    const copy = await opening;
    const rows = new MessageWriter().copyData(Buffer.from('1\tx\t\\N\n'.repeat(5000))).take();
    let waits = 0;
    for (let i = 0; i < 200; i++) {
      const wait = copy.write(rows);
      if (wait === undefined) continue;
      waits++;
      await wait;
      expect(session.writableNeedDrain).toBe(false);
    }
    expect(waits).toBeGreaterThan(0);
    expect(await copy.end()).toEqual({ rowCount: 1_000_000 });
  });

  test('tells the writer as soon as the server refuses the data, and goes on', async () => {
    const database = await server.database(tableSql);
    await using session = await Session.connect(database.url, { purpose: 'test' });
    const copy = await session.copyIn('COPY public.target FROM STDIN');
    const bad = new MessageWriter()
      .copyData(Buffer.from('no number\tx\t\\N\n'.repeat(1000)))
      .take();
    const write = async (): Promise<never> => {
      for (;;) await copy.write(bad);
    };
    await expect(within('the refusal', write())).rejects.toMatchObject({ sqlstate: '22P02' });
    await expect(copy.end()).rejects.toMatchObject({ sqlstate: '22P02' });
    expect((await session.query('SELECT 1 AS one')).rows).toEqual([{ one: '1' }]);
  });

  test('can be taken back', async () => {
    const database = await server.database(tableSql);
    await using session = await Session.connect(database.url, { purpose: 'test' });
    const copy = await session.copyIn('COPY public.target FROM STDIN');
    await copy.write(new MessageWriter().copyData(Buffer.from('1\tx\t\\N\n')).take());
    await copy.fail('changed our mind');
    await expect(copy.end()).rejects.toMatchObject({ code: 'SESSION_COPY_OVER' });
    expect((await session.query('SELECT count(*) AS n FROM public.target')).rows).toEqual([
      { n: '0' },
    ]);
  });

  test('that stops inside a message ends the connection, and nothing arrives', async () => {
    const database = await server.database(tableSql);
    for (const cutAt of [3, 20]) {
      const session = await Session.connect(database.url, { purpose: 'test' });
      const copy = await session.copyIn('COPY public.target FROM STDIN');
      const run = new MessageWriter().copyData(Buffer.from('1\tx\t\\N\n'.repeat(10))).take();
      await copy.write(Buffer.concat([run, run.subarray(0, cutAt)]));
      if (cutAt === 3) await expect(copy.end()).rejects.toMatchObject({ code: 'SESSION_COPY_CUT' });
      else await copy.fail('the source is gone');
      await session.closed;
      expect(session.isOpen).toBe(false);
    }
    expect(await database.value('SELECT count(*)::int FROM target')).toBe(0);
  });

  test('out stops when its runs cannot be taken, and the session goes on', async () => {
    const database = await server.database(tableSql);
    await using session = await Session.connect(database.url, { purpose: 'test' });
    const failure = new Error('the target is gone');
    const endless = 'COPY (SELECT generate_series(1, 1000000000)) TO STDOUT';
    for (const take of [
      () => Promise.reject(failure),
      () => {
        throw failure;
      },
    ]) {
      const copied = session.copyOut(endless, take);
      await expect(within('the end of the copy', copied)).rejects.toBe(failure);
      expect((await session.query('SELECT 1 AS one')).rows).toEqual([{ one: '1' }]);
    }
  });

  test('out reports the error of a statement that fails half way', async () => {
    await using session = await Session.connect(server.url(), { purpose: 'test' });
    const sql = 'COPY (SELECT 1 / (50000 - n) FROM generate_series(1, 60000) AS n) TO STDOUT';
    let bytes = 0;
    const copied = session.copyOut(sql, (run) => void (bytes += run.length));
    await expect(copied).rejects.toMatchObject({ sqlstate: '22012' });
    expect(bytes).toBeGreaterThan(0);
    expect((await session.query('SELECT 1 AS one')).rows).toEqual([{ one: '1' }]);
  });

  test('is refused for statements that are none', async () => {
    await using session = await Session.connect(server.url(), { purpose: 'test' });
    const expected = { code: 'SESSION_COPY_EXPECTED' };
    await expect(session.copyIn('SELECT 1')).rejects.toMatchObject(expected);
    await expect(session.copyOut('SELECT 1', () => undefined)).rejects.toMatchObject(expected);
    await expect(session.copyIn('COPY none FROM STDIN')).rejects.toMatchObject({
      sqlstate: '42P01',
    });
    expect((await session.query('SELECT 1 AS one')).rows).toEqual([{ one: '1' }]);
  });
});
