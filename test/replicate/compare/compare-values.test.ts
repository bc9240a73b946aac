import { expect, test, describe } from 'vitest';
import { majors, postgres } from '../../kit/index.ts';
import { runWorkload, workloadOf, workloadSchema } from '../../kit/workload/index.ts';
import { compare, compareTable, listed } from './compare-kit.ts';

/** Type, a value, and another one that is as near to it as the type allows. */
const values: readonly (readonly [type: string, value: string, other: string])[] = [
  ['boolean', 'true', 'false'],
  ['smallint', '-32768', '-32767'],
  ['integer', '2147483647', '2147483646'],
  ['bigint', '4294967296', '1'],
  ['numeric', '1.0', '1.00'],
  ['numeric(20,5)', '12345678901.00001', '12345678901.00002'],
  ['numeric', "'NaN'", "'Infinity'"],
  ['real', '0.1', '0.10000001'],
  ['double precision', '0.1', '0.10000000000000002'],
  ['double precision', "'-0'", '0'],
  ['money', "'1.00'", "'1.01'"],
  ['text', "'a'", "'a '"],
  ['text', "''", 'NULL'],
  ['varchar(10)', "'ß'", "'ss'"],
  ['char(5)', "'a'", "'a  b'"],
  ['"char"', "'a'", "'b'"],
  ['name', "'a'", "'A'"],
  ['bytea', String.raw`'\x00ff'`, String.raw`'\x00fe'`],
  ['date', "'4000-01-01 BC'", "'4000-01-02 BC'"],
  ['time', "'24:00:00'", "'00:00:00'"],
  ['timetz', "'12:00:00+02'", "'10:00:00+00'"],
  ['timestamp', "'infinity'", "'-infinity'"],
  ['timestamptz', "'2026-01-01 00:00:00.000001+00'", "'2026-01-01 00:00:00.000002+00'"],
  ['interval', "'1 month'", "'30 days'"],
  ['uuid', "'00000000-0000-0000-0000-000000000001'", "'00000000-0000-0000-0000-000000000002'"],
  ['json', `'{"a": 1}'`, `'{"a":1}'`],
  ['jsonb', `'{"a": 1}'`, `'{"a": 1.0}'`],
  ['jsonb', "'null'", 'NULL'],
  ['jsonpath', "'$.a'", "'$.b'"],
  ['xml', "'<a/>'", "'<a></a>'"],
  ['inet', "'10.0.0.1/8'", "'10.0.0.1'"],
  ['cidr', "'10.0.0.0/8'", "'10.0.0.0/9'"],
  ['macaddr', "'08:00:2b:01:02:03'", "'08:00:2b:01:02:04'"],
  ['macaddr8', "'08:00:2b:01:02:03:04:05'", "'08:00:2b:01:02:03:04:06'"],
  ['bit(3)', "B'101'", "B'100'"],
  ['bit varying', "B'1'", "B'10'"],
  ['tsvector', "'a:1 b:2'", "'a:1 b:3'"],
  ['tsquery', "'a & b'", "'a | b'"],
  ['point', "'(1,2)'", "'(1,2.0000000000000004)'"],
  ['polygon', "'((0,0),(1,1))'", "'((0,0),(1,2))'"],
  ['pg_lsn', "'0/10'", "'0/11'"],
  ['oid', '4294967295', '4294967294'],
  ['xid8', "'5'", "'6'"],
  ['regclass', "'pg_catalog.pg_class'", "'pg_catalog.pg_type'"],
  ['regtype', "'integer'", "'bigint'"],
  ['regtype[]', "'{integer}'", "'{bigint}'"],
  ['int4range', "'[1,5)'", "'[1,6)'"],
  ['tstzmultirange', "'{[2026-01-01,2026-01-02)}'", "'{}'"],
  ['integer[]', "'{1,NULL,3}'", "'{1,2,3}'"],
  ['integer[]', "'[0:1]={1,2}'", "'{1,2}'"],
  ['integer[][]', "'{{1,2},{3,4}}'", "'{{1,2},{3,5}}'"],
  ['text[]', `'{a,"b,c"}'`, `'{a,b,c}'`],
  ['text[]', "'{NULL}'", `'{"NULL"}'`],
  ['v.mood', "'sad'", "'happy'"],
  ['v.mood[]', "'{sad}'", "'{sad,sad}'"],
  ['v.pair', `'(1,"x,y")'`, `'(1,x)'`],
  ['v.pair', "'(,)'", 'NULL'],
  ['v.pair[]', `'{"(1,x)"}'`, `'{"(2,x)"}'`],
  ['v.positive', '1', '2'],
  ['v.label', "'a'", "'b'"],
  ['v.float_range', "'[0.1,0.2]'", "'[0.1,0.3]'"],
];

/** Enum labels and types are made in another order there, so that every OID is another one. */
function schema(side: 'source' | 'target'): string {
  const moods =
    side === 'source'
      ? "CREATE TYPE v.mood AS ENUM ('sad', 'ok', 'happy');"
      : "CREATE TYPE v.other AS ENUM ('x'); CREATE TYPE v.mood AS ENUM ('sad', 'happy'); ALTER TYPE v.mood ADD VALUE 'ok' BEFORE 'happy';";
  const columns = values.map(([type], i) => `c${i} ${type}`);
  const placed = side === 'source' ? columns : columns.toReversed();
  return `
    CREATE SCHEMA v;
    ${moods}
    CREATE TYPE v.pair AS (a int, b text);
    CREATE DOMAIN v.positive AS int CHECK (VALUE > 0);
    CREATE DOMAIN v.label AS varchar(20);
    CREATE TYPE v.float_range AS RANGE (subtype = float8);
    CREATE TABLE v.t (id int PRIMARY KEY, ${placed.join(', ')});
    ${values.map((_, i) => insertRow(i, side === 'source' ? null : i)).join('; ')};
    ${insertRow(values.length, null)};
    INSERT INTO v.t (id) VALUES (-1)`;
}

/** A row with all values, one of them changed. */
function insertRow(id: number, changed: number | null): string {
  const row = values.map(([, value, other], i) => (i === changed ? other : value));
  return `INSERT INTO v.t (id, ${values.map((_, i) => `c${i}`).join(', ')})
    VALUES (${id}, ${row.join(', ')})`;
}

const servers = majors.map((major) => postgres(major));
const pairs = servers.map((server, i) => ({
  here: server,
  there: servers[(i + 1) % servers.length] ?? server,
  from: server.major,
  to: majors[(i + 1) % majors.length],
}));

describe.each(pairs)('values of every type from PostgreSQL $from to $to', ({ here, there }) => {
  test('equal ones are equal, and in each type the smallest change is found', async () => {
    const left = await here.database(schema('source'));
    const right = await there.database(schema('target'));
    const table = await compareTable(left, right);
    expect(listed(table)).toEqual(values.map((_, i) => `different ${i}`).toSorted());
    expect(table.rows).toBe(values.length + 2);
    await right.query('TRUNCATE v.t');
    for (let id = 0; id <= values.length; id++) await right.query(insertRow(id, null));
    await right.query('INSERT INTO v.t (id) VALUES (-1)');
    expect(await compareTable(left, right)).toMatchObject({ equal: true, rows: values.length + 2 });
  });

  test('a random workload gives equal tables, also with other orders of columns', async () => {
    const left = await here.database(workloadSchema({ major: here.major }));
    const right = await there.database(workloadSchema({ major: there.major, isReordered: true }));
    const transactions = workloadOf(11, {
      minTransactions: 40,
      maxTransactions: 40,
      hasTruncate: false,
    });
    await runWorkload(await left.client(), transactions);
    await runWorkload(await right.client(), transactions);
    const report = await compare(left, right, { rowsPerRange: 50 });
    expect(report.tables.filter((table) => !table.equal)).toEqual([]);
    expect(report.equal).toBe(true);
    expect(report.rows).toBeGreaterThan(400);
  });

  test('columns of other types compare by their text', async () => {
    const left = await here.database(
      `CREATE TABLE t (id int PRIMARY KEY, a text, n int, m numeric(10, 2), d timestamp(0), j json);
       INSERT INTO t VALUES (-7, 'x', 5, 1.50, '2026-01-01', '[1,  2]'), (8, 'y', 6, NULL, NULL, NULL)`,
    );
    const right = await there.database(
      `CREATE TABLE t (id bigint PRIMARY KEY, a varchar(9), n numeric, m numeric(12, 2), d timestamp, j text);
       INSERT INTO t VALUES (-7, 'x', 5, 1.50, '2026-01-01', '[1,  2]'), (8, 'y', 6, NULL, NULL, NULL)`,
    );
    expect(listed(await compareTable(left, right))).toEqual([]);
    await right.query('UPDATE t SET n = 6.0 WHERE id = 8');
    expect(listed(await compareTable(left, right))).toEqual(['different 8']);
  });
});
