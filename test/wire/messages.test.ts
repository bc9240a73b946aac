import { describe, expect, test } from 'vitest';
import {
  BackendTag,
  CopyRunScanner,
  createRowCells,
  decodeBackendKeyData,
  decodeCommandComplete,
  decodeCopyResponse,
  decodeErrorFields,
  decodeNotification,
  decodeParameterDescription,
  decodeParameterStatus,
  decodeReadyForQuery,
  decodeRowDescription,
  decodeTextRow,
  encodeStatusUpdate,
  formatLsn,
  MessageWriter,
  parseLsn,
  PgoutputTag,
  readDataRow,
  readKeepalive,
  readXLogData,
  readXLogDataWalEnd,
  replicationTag,
  ReplicationTag,
  xLogDataHeaderBytes,
} from '../../src/wire/index.ts';
import { postgres, waitFor } from '../kit/index.ts';
import { RawConnection, type Frame } from './raw-connection.ts';

describe('messages that a server sends and takes', () => {
  const server = postgres();

  const open = (
    parameters: Record<string, string> = {},
    database = 'postgres',
  ): Promise<RawConnection> => RawConnection.open(server.port, { parameters, database });

  test('a simple query: columns, rows, tag and status', async () => {
    await using connection = await open();
    const frames = await connection.query(
      `SELECT 1 AS one, NULL::text AS none, ''::varchar(7) AS empty, 'é'; BEGIN`,
    );
    const fields = only(frames, BackendTag.rowDescription, decodeRowDescription);
    expect(
      fields.map(({ name, typeOid, typeSize, typeModifier, format }) => [
        name,
        typeOid,
        typeSize,
        typeModifier,
        format,
      ]),
    ).toEqual([
      ['one', 23, 4, -1, 0],
      ['none', 25, -1, -1, 0],
      ['empty', 1043, -1, 11, 0],
      ['?column?', 25, -1, -1, 0],
    ]);
    expect(only(frames, BackendTag.dataRow, decodeTextRow)).toEqual(['1', null, '', 'é']);
    expect(all(frames, BackendTag.commandComplete, decodeCommandComplete)).toEqual([
      { tag: 'SELECT 1', rowCount: 1 },
      { tag: 'BEGIN', rowCount: null },
    ]);
    expect(only(frames, BackendTag.readyForQuery, decodeReadyForQuery)).toBe('T');
  });

  test('a pipeline of prepared statements with text, binary and cut parameters', async () => {
    await using connection = await open();
    const source = Buffer.from('..\0\0\0\x2a..', 'latin1');
    connection.writer
      .parse('sum', 'SELECT $1::int + $2::int, $3::text', [23, 23])
      .describe('statement', 'sum')
      .bind('', 'sum', ['40', Buffer.from([0, 0, 0, 2]), null], { results: 1 })
      .describe('portal', '')
      .execute('')
      .sync()
      .beginBind('p', 'sum', 3, Uint8Array.of(1, 0, 0))
      .bindValue(source, 2, 6)
      .bindText('1')
      .bindText('t')
      .endBind()
      .execute('p', 1)
      .close('portal', 'p')
      .close('statement', 'sum')
      .flush()
      .sync();
    connection.send();
    const first = await connection.until(BackendTag.readyForQuery);
    expect(only(first, BackendTag.parameterDescription, decodeParameterDescription)).toEqual([
      23, 23, 25,
    ]);
    const descriptions = all(first, BackendTag.rowDescription, decodeRowDescription);
    expect(descriptions.map(([field]) => field?.format)).toEqual([0, 1]);
    const row = first.find(({ tag }) => tag === BackendTag.dataRow)?.body ?? Buffer.alloc(0);
    const cells = createRowCells(1);
    readDataRow(row, 0, row.length, cells);
    expect(row.subarray(cells.start[0], cells.end[0])).toEqual(Buffer.from([0, 0, 0, 42]));
    expect(cells.start[1]).toBe(-1);
    const second = await connection.until(BackendTag.readyForQuery);
    expect(only(second, BackendTag.dataRow, decodeTextRow)).toEqual(['43', 't']);
    const tags = second.map(({ tag }) => tag);
    expect(tags.filter((tag) => tag === BackendTag.closeComplete)).toHaveLength(2);
    expect(tags).toContain(BackendTag.portalSuspended);
  });

  test('an error with all its fields, then the session goes on', async () => {
    await using connection = await open();
    await connection.query('CREATE TEMP TABLE t (a int CONSTRAINT above CHECK (a > 0))');
    await expect(connection.query('INSERT INTO t VALUES (0)')).rejects.toMatchObject({
      sqlstate: '23514',
      fields: { severity: 'ERROR', constraint: 'above', table: 't', routine: 'ExecConstraints' },
    });
    await connection.until(BackendTag.readyForQuery);
    await expect(connection.query('SELECT 1 +')).rejects.toMatchObject({
      fields: { position: 11 },
    });
    await connection.until(BackendTag.readyForQuery);
    const [notice] = await connection.query(
      `DO $$ BEGIN RAISE WARNING 'w' USING HINT = 'h', ERRCODE = '01ABC'; END $$`,
    );
    expect(notice?.tag).toBe(BackendTag.noticeResponse);
    const fields = decodeErrorFields(notice?.body ?? Buffer.alloc(0), 0, notice?.body.length ?? 0);
    expect(fields).toMatchObject({
      severity: 'WARNING',
      sqlstate: '01ABC',
      message: 'w',
      hint: 'h',
    });
  });

  test('notifications and parameters that change', async () => {
    await using connection = await open();
    const frames = await connection.query(
      `SET TimeZone = 'Asia/Tokyo'; LISTEN "a b"; NOTIFY "a b", 'payload'`,
    );
    const parameters = all(frames, BackendTag.parameterStatus, decodeParameterStatus);
    expect(parameters).toContainEqual({ name: 'TimeZone', value: 'Asia/Tokyo' });
    const key = only(connection.greeting, BackendTag.backendKeyData, decodeBackendKeyData);
    const notification =
      frames.find(({ tag }) => tag === BackendTag.notificationResponse) ??
      (await connection.next());
    expect(decodeNotification(notification.body, 0, notification.body.length)).toEqual({
      pid: key.pid,
      channel: 'a b',
      payload: 'payload',
    });
  });

  test('COPY out passed on unread to COPY in', async () => {
    const database = await server.database(`
      CREATE TABLE rows AS SELECT i, repeat('x', i % 3000) AS note FROM generate_series(1, 3000) i;
      CREATE TABLE copied (LIKE rows)`);
    await using from = await open({}, database.name);
    from.writer.query('COPY rows TO STDOUT (FORMAT binary)');
    from.send();
    const frames = await from.until(BackendTag.readyForQuery);
    const response = only(frames, BackendTag.copyOutResponse, decodeCopyResponse);
    expect(response).toEqual({ format: 1, columnFormats: [1, 1] });
    // As the server sent it, in chunks that end anywhere.
    const stream = Buffer.concat(frames.slice(1).map(reframe));
    const scanner = new CopyRunScanner();
    const runs: Buffer[] = [];
    const others: number[] = [];
    for (let at = 0; at < stream.length; at += 8191) {
      scanner.push(
        stream.subarray(at, at + 8191),
        (bytes, start, end) => runs.push(bytes.subarray(start, end)),
        (tag) => others.push(tag),
      );
    }
    expect(others).toEqual([
      BackendTag.copyDone,
      BackendTag.commandComplete,
      BackendTag.readyForQuery,
    ]);
    await using to = await open({}, database.name);
    await to.copyIn('COPY copied FROM STDIN (FORMAT binary)', Buffer.concat(runs));
    const difference = 'SELECT count(*)::int FROM (TABLE rows EXCEPT TABLE copied) d';
    expect(await database.value(difference)).toBe(0);
    expect(await database.value('SELECT count(*)::int FROM copied')).toBe(3000);
  });

  test('COPY that we break off', async () => {
    await using connection = await open();
    await connection.query('CREATE TEMP TABLE t (a int)');
    connection.writer.query('COPY t FROM STDIN');
    connection.send();
    await connection.until(BackendTag.copyInResponse);
    connection.writer.copyData(Buffer.from('1\n')).copyFail('no more wanted');
    connection.send();
    await expect(connection.until(BackendTag.readyForQuery)).rejects.toMatchObject({
      sqlstate: '57014',
    });
    await connection.until(BackendTag.readyForQuery);
    const counted = await connection.query('SELECT count(*) FROM t');
    expect(only(counted, BackendTag.dataRow, decodeTextRow)).toEqual(['0']);
  });

  test('a cancel request', async () => {
    await using connection = await open();
    const { pid, key } = only(connection.greeting, BackendTag.backendKeyData, decodeBackendKeyData);
    connection.writer.query('SELECT pg_sleep(60)');
    connection.send();
    await waitFor('the query to run', async () => {
      const rows = await server.query(
        `SELECT 1 FROM pg_stat_activity WHERE pid = ${pid} AND wait_event = 'PgSleep'`,
      );
      return rows.length === 1;
    });
    await RawConnection.sendOnce(server.port, new MessageWriter().cancelRequest(pid, key).take());
    await expect(connection.until(BackendTag.readyForQuery)).rejects.toMatchObject({
      sqlstate: '57014',
    });
  });

  test('replication: a change, a keepalive, and a status update that moves the slot', async () => {
    const database = await server.database(
      'CREATE TABLE t (a int PRIMARY KEY); CREATE PUBLICATION pub FOR TABLE t',
    );
    await database.query(`SELECT pg_create_logical_replication_slot('wire_status', 'pgoutput')`);
    await using connection = await open({ replication: 'database' }, database.name);
    connection.writer.query(
      `START_REPLICATION SLOT wire_status LOGICAL 0/0 (proto_version '1', publication_names 'pub')`,
    );
    connection.send();
    await connection.until(BackendTag.copyBothResponse);
    await database.query('INSERT INTO t VALUES (1)');
    const before = BigInt(Date.now() - 60_000) * 1000n;
    const tags: number[] = [];
    let position = parseLsn('0/0');
    while (tags.at(-1) !== PgoutputTag.commit) {
      const { body } = await connection.next();
      if (replicationTag(body, 0, body.length) !== ReplicationTag.xLogData) continue;
      const header = readXLogData(body, 0, body.length);
      expect(header.sendTimeUs).toBeGreaterThan(before);
      expect(readXLogDataWalEnd(body, 0, body.length)).toBe(header.walEnd);
      position = header.walEnd;
      tags.push(body[xLogDataHeaderBytes] ?? 0);
    }
    expect(tags).toEqual([
      PgoutputTag.begin,
      PgoutputTag.relation,
      PgoutputTag.insert,
      PgoutputTag.commit,
    ]);

    const nowUs = BigInt(Date.now()) * 1000n;
    const status = { written: position, flushed: position, applied: position, nowUs };
    connection.sendBytes(encodeStatusUpdate({ ...status, replyRequested: true }));
    const reply = await connection.next();
    expect(replicationTag(reply.body, 0, reply.body.length)).toBe(ReplicationTag.keepalive);
    const keepalive = readKeepalive(reply.body, 0, reply.body.length);
    expect(keepalive.walEnd).toBeGreaterThanOrEqual(position);
    expect(keepalive.sendTimeUs).toBeGreaterThan(before);
    // The reply is sent before the slot is moved.
    await waitFor('the slot to move', () =>
      database.value(
        `SELECT confirmed_flush_lsn = $1::pg_lsn FROM pg_replication_slots WHERE slot_name = 'wire_status'`,
        [formatLsn(position)],
      ),
    );
    connection.writer.copyDone();
    connection.send();
    await connection.until(BackendTag.readyForQuery);
  });
});

type Decode<T> = (bytes: Buffer, start: number, end: number) => T;

function all<T>(frames: readonly Frame[], tag: number, decode: Decode<T>): T[] {
  return frames
    .filter((frame) => frame.tag === tag)
    .map(({ body }) => decode(body, 0, body.length));
}

function only<T>(frames: readonly Frame[], tag: number, decode: Decode<T>): T {
  const [first, ...others] = all(frames, tag, decode);
  if (first === undefined || others.length > 0)
    throw new Error(`${others.length} messages too many`);
  return first;
}

function reframe({ tag, body }: Frame): Buffer {
  const header = Buffer.from([tag, 0, 0, 0, 0]);
  header.writeInt32BE(body.length + 4, 1);
  return Buffer.concat([header, body]);
}
