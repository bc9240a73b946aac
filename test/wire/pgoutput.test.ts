import { describe, expect, test } from 'vitest';
import {
  CopyBinaryWriter,
  CopyTextWriter,
  formatLsn,
  PgoutputTag,
  readRowChange,
  RowChange,
} from '../../src/wire/index.ts';
import { majors, postgres, type TestDatabase } from '../kit/index.ts';
import { PgoutputLog } from './pgoutput-log.ts';
import { RawConnection } from './raw-connection.ts';

/** Columns of every kind whose values PostgreSQL can render and read back. */
const everyType = `
  CREATE TYPE mood AS ENUM ('sad', 'it''s', 'a\\b');
  CREATE DOMAIN positive AS int CHECK (value > 0);
  CREATE TYPE pair AS (a int, b text);
  CREATE TABLE every_type (
    id int PRIMARY KEY, small int2, big int8, real float4, double float8, amount numeric, yes bool,
    note text, code varchar(20), fixed char(5), raw bytea, day date, clock time, clock_tz timetz,
    at timestamp, at_tz timestamptz, span interval, doc json, doc_b jsonb, uid uuid, addr inet,
    bits bit varying, spot point, numbers int[], words text[], span_of int4range, spans int4multirange,
    feeling mood, feelings mood[], few positive, two pair, twos pair[], price money, mac macaddr, tree xml);
  ALTER TABLE every_type DROP COLUMN mac, ADD COLUMN late text DEFAULT 'late';
  CREATE TABLE copy_of (LIKE every_type INCLUDING ALL);
  CREATE TABLE parent (id int PRIMARY KEY, big text, note text);
  ALTER TABLE parent ALTER big SET STORAGE EXTERNAL;
  CREATE TABLE child (id int PRIMARY KEY, parent int REFERENCES parent);
  CREATE TABLE whole (a int, b text); ALTER TABLE whole REPLICA IDENTITY FULL;
  CREATE PUBLICATION pub FOR TABLE every_type, parent, child, whole;
`;

/** Values at the edges of their types, and text full of what COPY must escape. */
const everyValue = `
  INSERT INTO every_type
  SELECT i, (i * 257 - 32768)::int2, i * 1234567890123, i / 7.0, exp(i), (i ^ 9) / 7, i % 2 = 0,
    E'back\\\\slash\\ttab\\nline\\rreturn\\x08\\x0c\\x0b é ☃ 𝄞 \\\\N \\\\.' || repeat(chr(64 + i), i * 7),
    CASE WHEN i % 3 > 0 THEN 'code ' || i END, 'f' || i, decode(repeat(to_hex(i + 16), i * 3), 'hex'),
    date '4713-01-01 BC' + i * 100000, time '23:59:59.999999' - i * interval '1 minute',
    timetz '12:00:00+05:30' + i * interval '1 second', timestamp 'infinity', timestamptz '1999-12-31 23:59:59.999999+00' + i * interval '1 year',
    i * interval '1 month 2 days 3.5 seconds', '{"a": [1, "\\\\n", null]}', '{"b": {"c": "\\"quoted\\""}}',
    gen_random_uuid(), '2001:db8::1/64', repeat('10', i)::varbit, point(i, -i),
    ARRAY[i, NULL, -i], ARRAY['a,b', 'c"d', E'e\\\\f', NULL, ''], int4range(i, i * 2), int4multirange(int4range(1, 3), int4range(7, NULL)),
    'it''s', ARRAY['a\\b', 'sad']::mood[], i, ROW(i, E'x\\ty')::pair, ARRAY[ROW(1, NULL)::pair], i * 1000.01, '<a>&amp;</a>', CASE i WHEN 5 THEN '' END
  FROM generate_series(1, 20) i;
  INSERT INTO every_type (id) VALUES (100);
`;

describe.each(majors)('pgoutput of PostgreSQL %i', (major) => {
  const server = postgres(major, {
    max_prepared_transactions: 5,
    logical_decoding_work_mem: '64kB',
  });

  const prepare = async (isTwoPhase = false): Promise<TestDatabase> => {
    const database = await server.database(everyType);
    const slot = `SELECT pg_create_logical_replication_slot($1, 'pgoutput', false, $2)`;
    await database.query(slot, [database.name, isTwoPhase]);
    return database;
  };

  test('carries the text that the server renders', async () => {
    const database = await prepare();
    await database.query(everyValue);
    const log = new PgoutputLog(await peek(database));
    const relation = [...log.relations.values()].find(({ name }) => name === 'every_type');
    const columns = relation?.columns.map(({ name }) => name) ?? [];
    const selected = columns.map(asRendered).join(', ');
    const { rows } = await database.query(`SELECT ARRAY[${selected}] AS cells FROM every_type`);
    expect(log.changes.map((change) => change.new)).toEqual(rows.map(({ cells }) => cells));
    expect(log.types.map(({ schema, name }) => `${schema}.${name}`)).toEqual(
      expect.arrayContaining(['public.mood', 'public.pair', 'public._pair', 'pg_catalog.int4']),
    );
    const catalog = await database.rows(
      `SELECT attname AS name, atttypid::int AS "typeOid", atttypmod AS "typeModifier", attname = 'id' AS "isKey"
         FROM pg_attribute WHERE attrelid = 'every_type'::regclass AND attnum > 0 AND NOT attisdropped ORDER BY attnum`,
    );
    expect(relation?.columns).toEqual(catalog);
    expect(relation).toMatchObject({ schema: 'public', replicaIdentity: 'd', xid: 0 });
  });

  test.each(['text', 'binary'] as const)(
    're-framed as COPY %s it loads as the same rows',
    async (format) => {
      const database = await prepare();
      await database.query(everyValue);
      const messages = await peek(database, { binary: String(format === 'binary') });
      const columns = new PgoutputLog(messages).changes[0]?.new.map((_, i) => i) ?? [];
      const data = reframe(messages, Int32Array.from(columns), format);
      await using connection = await RawConnection.open(server.port, { database: database.name });
      await connection.copyIn(`COPY copy_of FROM STDIN (FORMAT ${format})`, data);
      await expectSame(database, 'every_type', 'copy_of');
    },
  );

  test('re-framed columns may be chosen and put in another order', async () => {
    const database = await prepare();
    await database.query(everyValue);
    const messages = await peek(database, { binary: 'true' });
    await database.query('CREATE TABLE part (note text, id int, bits varbit)');
    const data = reframe(messages, Int32Array.of(7, 0, 21), 'binary');
    await using connection = await RawConnection.open(server.port, { database: database.name });
    await connection.copyIn('COPY part FROM STDIN (FORMAT binary)', data);
    await expectSame(database, '(SELECT note, id, bits FROM every_type)', 'part');
  });

  test('tells transactions by their positions and times', async () => {
    const database = await prepare();
    const before = BigInt(Date.now()) * 1000n;
    await database.query('INSERT INTO whole VALUES (1)');
    await database.query('INSERT INTO whole VALUES (2)');
    const after = BigInt(Date.now() + 1) * 1000n;
    const { begins, commits } = new PgoutputLog(await peek(database));
    const rows = await database.rows<{ lsn: string; xid: number; data: Buffer }>(
      `SELECT lsn::text, xid::text::int AS xid, data FROM pg_logical_slot_peek_binary_changes($1, NULL, NULL,
         'proto_version', '1', 'publication_names', 'pub')`,
      [database.name],
    );
    const ends = rows.filter(({ data }) => data[0] === PgoutputTag.commit);
    expect(commits.map(({ endLsn }) => formatLsn(endLsn))).toEqual(ends.map(({ lsn }) => lsn));
    expect(begins.map(({ xid }) => xid)).toEqual(ends.map(({ xid }) => xid));
    expect(begins.map(({ finalLsn }) => finalLsn)).toEqual(
      commits.map(({ commitLsn }) => commitLsn),
    );
    for (const { commitTimeUs } of [...begins, ...commits]) {
      expect(commitTimeUs).toBeGreaterThan(before);
      expect(commitTimeUs).toBeLessThan(after);
    }
  });

  test('tells what an update left alone, keys before, and rows before', async () => {
    const database = await prepare();
    const big = 'x'.repeat(5000);
    await database.query(
      `INSERT INTO parent VALUES (1, '${big}', 'a'); INSERT INTO whole VALUES (1, NULL)`,
    );
    await database.query(`UPDATE parent SET note = 'b' WHERE id = 1`);
    await database.query('UPDATE parent SET id = 2 WHERE id = 1');
    await database.query('UPDATE whole SET a = 2; DELETE FROM whole; DELETE FROM parent');
    const { changes } = new PgoutputLog(await peek(database));
    expect(
      changes.slice(2).map(({ op, oldKind, old, new: row }) => ({ op, oldKind, old, row })),
    ).toEqual([
      { op: 'update', oldKind: '', old: [], row: ['1', undefined, 'b'] },
      { op: 'update', oldKind: 'K', old: ['1', null, null], row: ['2', undefined, 'b'] },
      { op: 'update', oldKind: 'O', old: ['1', null], row: ['2', null] },
      { op: 'delete', oldKind: 'O', old: ['2', null], row: [] },
      { op: 'delete', oldKind: 'K', old: ['2', null, null], row: [] },
    ]);
  });

  test('tells a TRUNCATE with all it emptied', async () => {
    const database = await prepare();
    await database.query('TRUNCATE parent CASCADE');
    await database.query('TRUNCATE whole, every_type RESTART IDENTITY');
    const { truncates, relations } = new PgoutputLog(await peek(database));
    const told = truncates.map(({ relationOids, cascade, restartIdentity }) => ({
      tables: new Set(relationOids.map((oid) => relations.get(oid)?.name)),
      cascade,
      restartIdentity,
    }));
    expect(told).toEqual([
      { tables: new Set(['child', 'parent']), cascade: true, restartIdentity: false },
      { tables: new Set(['every_type', 'whole']), cascade: false, restartIdentity: true },
    ]);
  });

  test('tells logical messages, in a transaction and outside, and the origin of a transaction', async () => {
    const database = await prepare();
    await database.query(`SELECT pg_logical_emit_message(true, 'in', '\\x00ff'::bytea)`);
    await database.query(`BEGIN; SELECT pg_logical_emit_message(false, 'out', 'text'); ROLLBACK`);
    await database.query(`
      SELECT pg_replication_origin_create('${database.name}');
      SELECT pg_replication_origin_session_setup('${database.name}');
      BEGIN; SELECT pg_replication_origin_xact_setup('AB/CD', now());
      INSERT INTO whole VALUES (1); COMMIT;
      SELECT pg_replication_origin_session_reset()`);
    const log = new PgoutputLog(await peek(database, { messages: 'true' }));
    const told = log.messages.map(({ isTransactional, prefix, content }) => ({
      isTransactional,
      prefix,
      content: content.toString('hex'),
    }));
    expect(told).toEqual([
      { isTransactional: true, prefix: 'in', content: '00ff' },
      { isTransactional: false, prefix: 'out', content: Buffer.from('text').toString('hex') },
    ]);
    const origins = log.origins.map(({ name, commitLsn }) => `${name} ${formatLsn(commitLsn)}`);
    expect(origins).toEqual([`${database.name} AB/CD`]);
    await database.query(`SELECT pg_replication_origin_drop('${database.name}')`);
  });

  test('tells a transaction streamed before its end, with what was rolled back', async () => {
    const database = await prepare();
    // The rollback first: its record is written out with the commit that follows.
    await database.query(
      `BEGIN; INSERT INTO whole SELECT i, repeat('c', 100) FROM generate_series(1, 2000) i; ROLLBACK`,
    );
    await database.query(`
      BEGIN;
      INSERT INTO whole SELECT i, repeat('a', 100) FROM generate_series(1, 2000) i;
      SAVEPOINT s; INSERT INTO whole SELECT i, repeat('b', 100) FROM generate_series(1, 2000) i;
      ROLLBACK TO s;
      SELECT pg_logical_emit_message(true, 'inside', 'text');
      INSERT INTO parent VALUES (1); TRUNCATE parent CASCADE;
      INSERT INTO every_type (id, feeling) VALUES (1, 'sad');
      COMMIT`);
    const options = [
      { proto_version: '2', streaming: 'on', messages: 'true' },
      ...(major >= 16 ? [{ proto_version: '4', streaming: 'parallel', messages: 'true' }] : []),
    ];
    for (const option of options) {
      const log = new PgoutputLog(await peek(database, option));
      const [commit] = log.streamCommits;
      const top = commit?.xid;
      expect(log.streamCommits).toHaveLength(1);
      const blocks = log.streamStarts.filter(({ xid }) => xid === top);
      expect(blocks.map(({ isFirst }) => isFirst)).toEqual(blocks.map((_, i) => i === 0));
      expect(blocks.length).toBeGreaterThan(1);
      const aborted = new Set(log.streamAborts.map(({ subxid }) => subxid));
      const kept = log.changes.filter(({ xid }) => !aborted.has(xid));
      expect(kept.filter(({ table }) => table === 'whole')).toHaveLength(2000);
      expect(kept.map(({ table }) => table)).toContain('every_type');
      // After ROLLBACK TO the savepoint goes on as another subtransaction.
      const xids = new Set(kept.map(({ xid }) => xid));
      expect([...xids][0]).toBe(top);
      expect(log.truncates.map(({ xid }) => xids.has(xid))).toEqual([true]);
      const messages = log.messages.map(({ xid, prefix }) => [xids.has(xid), prefix]);
      expect(messages).toEqual([[true, 'inside']]);
      expect(log.streamAborts.length).toBeGreaterThan(0);
      const hasPosition = option.streaming === 'parallel';
      for (const { abortLsn, abortTimeUs } of log.streamAborts) {
        expect(abortLsn !== null && abortTimeUs !== null).toBe(hasPosition);
      }
    }
  });

  test('tells prepared transactions and what became of them', async () => {
    const database = await prepare(true);
    const many = `SELECT i, repeat('a', 100) FROM generate_series(1, 2000) i`;
    const [yes, no, large] = ['yes', 'no', 'large'].map((name) => `${database.name}_${name}`);
    await database.query(`BEGIN; INSERT INTO whole VALUES (1); PREPARE TRANSACTION '${yes}'`);
    await database.query(`BEGIN; INSERT INTO whole VALUES (2); PREPARE TRANSACTION '${no}'`);
    await database.query(`BEGIN; INSERT INTO whole ${many}; PREPARE TRANSACTION '${large}'`);
    const options = { proto_version: '3', two_phase: 'on', streaming: 'on' };
    const log = new PgoutputLog(await peek(database, options));
    const told = log.prepared.map(({ tag, gid }) => `${tag} ${gid}`);
    const expected = [`b ${yes}`, `P ${yes}`, `b ${no}`, `P ${no}`, `p ${large}`];
    expect(told).toEqual(expected);
    await database.query(`COMMIT PREPARED '${yes}'`);
    await database.query(`ROLLBACK PREPARED '${no}'`);
    await database.query(`ROLLBACK PREPARED '${large}'`);
    const later = new PgoutputLog(await peek(database, options));
    const ends = later.prepared.filter(({ tag }) => tag === 'K' || tag === 'r');
    expect(ends.map(({ tag, gid }) => `${tag} ${gid}`)).toContain(`K ${yes}`);
  });
});

/** What the slot would send, read by SQL. */
async function peek(
  database: TestDatabase,
  options: Readonly<Record<string, string>> = {},
): Promise<Buffer[]> {
  const all = { proto_version: '1', publication_names: 'pub', ...options };
  const list = Object.entries(all).flat();
  const places = list.map((_, i) => `$${i + 2}`).join(', ');
  const rows = await database.rows<{ data: Buffer }>(
    `SELECT data FROM pg_logical_slot_peek_binary_changes($1, NULL, NULL, ${places})`,
    [database.name, ...list],
  );
  return rows.map(({ data }) => data);
}

/** All Inserts of a stream as one COPY. */
function reframe(
  messages: readonly Buffer[],
  columns: Int32Array,
  format: 'text' | 'binary',
): Buffer {
  const change = new RowChange();
  const writer = format === 'binary' ? new CopyBinaryWriter() : new CopyTextWriter();
  writer.begin();
  for (const message of messages.filter(([tag]) => tag === PgoutputTag.insert)) {
    readRowChange(message, 0, message.length, false, change);
    writer.row(message, change.new, columns);
  }
  writer.end();
  return writer.take();
}

/** By the type's output function: a cast of bool or char to text gives something else. */
function asRendered(column: string): string {
  return `CASE WHEN "${column}" IS NOT NULL THEN format('%s', "${column}") END`;
}

async function expectSame(database: TestDatabase, left: string, right: string): Promise<void> {
  const [expected, got] = await Promise.all(
    [left, right].map((from) => database.rows(`SELECT t::text AS row FROM ${from} t ORDER BY 1`)),
  );
  expect(expected).toHaveLength(21);
  expect(got).toEqual(expected);
}
