import { describe, expect, test } from 'vitest';
import { isSluiceError } from '../../src/errors/index.ts';
import { Session } from '../../src/session/index.ts';
import { BackendTag, MessageWriter } from '../../src/wire/index.ts';
import { anyMajor, majors, postgres, waitFor } from '../kit/index.ts';

function pipeline(text: string): Buffer {
  return new MessageWriter().parse('', text).bind('', '', []).execute('').sync().take();
}

describe.each(majors)('a session with PostgreSQL %i', (major) => {
  const server = postgres(major);
  const open = (): Promise<Session> => Session.connect(server.url(), { purpose: 'test' });

  test('knows the server and itself', async () => {
    await using session = await open();
    expect(Math.trunc(session.serverVersion / 10_000)).toBe(major);
    expect(session.parameters.get('server_encoding')).toBe('UTF8');
    const { rows } = await session.query(
      'SELECT pg_backend_pid() AS pid, current_database() AS db',
    );
    expect(rows).toEqual([{ pid: String(session.backendPid), db: 'postgres' }]);
  });

  test('runs several statements and gives the rows of the last', async () => {
    await using session = await open();
    expect(await session.query('SELECT 1 AS a; SELECT 2 AS b, NULL AS c')).toEqual({
      rows: [{ b: '2', c: null }],
      rowCount: 1,
    });
    expect(await session.query('SELECT 1; SET work_mem = 64')).toEqual({
      rows: [],
      rowCount: null,
    });
    expect(await session.query('')).toEqual({ rows: [], rowCount: null });
  });

  test('passes values of every kind', async () => {
    await using session = await open();
    const { rows } = await session.query(
      'SELECT $1::int4 AS int, $2::int8 AS big, $3::bool AS yes, $4::bytea AS bytes, $5::text AS text, $6::text AS none',
      [41, 2n ** 62n, true, Buffer.from([0, 255]), "it's é", null],
    );
    expect(rows).toEqual([
      {
        int: '41',
        big: String(2n ** 62n),
        yes: 't',
        bytes: String.raw`\x00ff`,
        text: "it's é",
        none: null,
      },
    ]);
  });

  test('counts rows', async () => {
    await using session = await open();
    await session.query('CREATE TEMP TABLE t (a int)');
    const insert = await session.query('INSERT INTO t SELECT generate_series(1, 7)');
    expect(insert).toEqual({ rows: [], rowCount: 7 });
    expect((await session.query('DELETE FROM t WHERE a > $1', [5])).rowCount).toBe(2);
  });

  test('goes on after an error and shows the state of its transaction', async () => {
    await using session = await open();
    await expect(session.query('SELECT 1 / 0')).rejects.toMatchObject({ sqlstate: '22012' });
    expect(session.transactionStatus).toBe('I');
    await session.query('BEGIN');
    expect(session.transactionStatus).toBe('T');
    await expect(session.query('SELECT $1::int / 0', [1])).rejects.toMatchObject({
      name: 'ServerError',
    });
    expect(session.transactionStatus).toBe('E');
    await session.query('ROLLBACK');
    expect(session.transactionStatus).toBe('I');
  });

  test('answers overlapping queries in order, errors in between', async () => {
    await using session = await open();
    const answers = await Promise.allSettled(
      Array.from({ length: 200 }, (_, i) =>
        i % 3 === 0
          ? session.query(`SELECT 1 / 0 AS x${i}`)
          : session.query('SELECT $1::int AS n', [i]),
      ),
    );
    for (const [i, answer] of answers.entries()) {
      if (i % 3 === 0)
        expect(answer).toMatchObject({ status: 'rejected', reason: { sqlstate: '22012' } });
      else expect(answer).toMatchObject({ value: { rows: [{ n: String(i) }] } });
    }
  });

  test('refuses COPY and streams through query, and goes on', async () => {
    await using session = await open();
    for (const [sql, values] of [
      ['COPY (SELECT generate_series(1, 10000)) TO STDOUT', undefined],
      ['COPY pg_temp.t FROM STDIN', undefined],
      ['COPY pg_temp.t FROM STDIN', []],
    ] as const) {
      await session.query('CREATE TEMP TABLE IF NOT EXISTS t (a int)');
      await expect(session.query(sql, values)).rejects.toMatchObject({
        code: 'SESSION_COPY_IN_QUERY',
      });
    }
    expect((await session.query('SELECT count(*) AS n FROM t')).rows).toEqual([{ n: '0' }]);
  });
});

describe('a session', () => {
  const server = postgres(anyMajor);
  const open = (): Promise<Session> => Session.connect(server.url(), { purpose: 'test' });

  test('delivers every reply message of a pipeline to whom it belongs', async () => {
    await using session = await open();
    const seen: string[][] = [[], []];
    const first = session.submit([pipeline('SELECT 1'), pipeline('SELECT 1 / 0')], 2, (tag) => {
      seen[0]?.push(String.fromCharCode(tag));
    });
    const second = session.submit([pipeline('SELECT 2')], 1, (tag) => {
      seen[1]?.push(String.fromCharCode(tag));
    });
    await Promise.all([first, second]);
    expect(seen.map((tags) => tags.join(''))).toEqual(['12DCZ1EZ', '12DCZ']);
  });

  test('ends when the reader of its replies fails, with that error for all', async () => {
    const session = await open();
    const failure = new Error('reader failed');
    const submitted = session.submit([new MessageWriter().query('SELECT 1').take()], 1, (tag) => {
      if (tag === BackendTag.dataRow) throw failure;
    });
    const behind = session.query('SELECT 2');
    await expect(submitted).rejects.toBe(failure);
    await expect(behind).rejects.toBe(failure);
    await session.closed;
    expect(session.isOpen).toBe(false);
  });

  test('takes more than the socket does without losing a byte', async () => {
    await using session = await open();
    const text = 'é'.repeat(8_000_000);
    const { rows } = await session.query('SELECT md5($1) = md5($2) AS same, length($1) AS length', [
      text,
      text,
    ]);
    expect(rows).toEqual([{ same: 't', length: '8000000' }]);
  });

  test('reports notices, notifications and parameters', async () => {
    await using session = await open();
    const heard: string[] = [];
    session.on('notice', (notice) => heard.push(notice.message));
    session.on('notification', ({ channel, payload }) => heard.push(`${channel}=${payload}`));
    session.on('parameter', ({ name, value }) => heard.push(`${name}=${value}`));
    await session.query(`LISTEN news; NOTIFY news, 'x'; SET application_name = 'other'`);
    await session.query(`DO $$ BEGIN RAISE NOTICE 'look'; END $$`);
    expect(heard.toSorted()).toEqual(['application_name=other', 'look', 'news=x']);
  });

  test('cancels what it is doing and goes on', async () => {
    await using session = await open();
    const slept = expect(session.query('SELECT pg_sleep(60)')).rejects.toMatchObject({
      sqlstate: '57014',
    });
    await waitFor('the query to run', async () => {
      const [row] = await server.query(
        `SELECT FROM pg_stat_activity WHERE pid = ${session.backendPid} AND wait_event = 'PgSleep'`,
      );
      return row;
    });
    await session.cancel();
    await slept;
    expect((await session.query('SELECT 1 AS one')).rows).toEqual([{ one: '1' }]);
  });

  test('close ends what is under way, on the server too', async () => {
    const session = await open();
    const slept = session.query('SELECT pg_sleep(60)');
    const settled = expect(slept).rejects.toSatisfy((error) => isSluiceError(error));
    await session.close();
    await session.close();
    await settled;
    await expect(session.query('SELECT 1')).rejects.toMatchObject({ code: 'SESSION_CLOSED' });
    await waitFor('the backend to end', async () => {
      const rows = await server.query(
        `SELECT FROM pg_stat_activity WHERE pid = ${session.backendPid}`,
      );
      return rows.length === 0;
    });
  });

  test('goes through a Unix socket', async () => {
    const { socketDir, port } = server.local;
    const target = `host=${socketDir} port=${port} user=postgres dbname=postgres sslmode=require`;
    await using session = await Session.connect(target, { purpose: 'test' });
    const { rows } = await session.query('SELECT inet_client_addr() AS address');
    expect(rows).toEqual([{ address: null }]);
    await session.cancel();
  });

  test('speaks protocol 3.2 when asked, and 3.0 with servers that do not', async () => {
    await using session = await Session.connect(`${server.url()}?max_protocol_version=3.2`);
    expect((await session.query('SELECT 1 AS one')).rows).toEqual([{ one: '1' }]);
    const strict = Session.connect(`${server.url()}?min_protocol_version=3.2`);
    if (anyMajor >= 18) await (await strict).close();
    else await expect(strict).rejects.toMatchObject({ code: 'PROTO_NEGOTIATION' });
  });
});
