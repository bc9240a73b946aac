import { expect, onTestFinished, test } from 'vitest';
import { readTables } from '../../../src/catalog/index.ts';
import { alignSnapshots, summarizeReport } from '../../../src/replicate/compare/index.ts';
import { compareUnit } from '../../../src/replicate/compare/compare-one.ts';
import { makeUnits, pairColumns } from '../../../src/replicate/compare/compare-unit.ts';
import { makeReport } from '../../../src/replicate/compare/compare-tables.ts';
import { isWithin, rangeNumber } from '../../../src/replicate/compare/ranges.ts';
import {
  portableDigest,
  quickDigest,
  rowBytes,
  type ColumnPair,
  type Digest,
} from '../../../src/replicate/compare/row-digest.ts';
import { SnapshotPool } from '../../../src/replicate/compare/snapshot-pool.ts';
import { chooseKey, type TableKey } from '../../../src/replicate/compare/table-key.ts';
import type { TableReport } from '../../../src/replicate/compare/index.ts';
import { silentLog, silentProgress } from '../../../src/service/index.ts';
import { parseConnection } from '../../../src/session/index.ts';
import { postgres, type TestDatabase } from '../../kit/index.ts';
import { compare, listed } from './compare-kit.ts';

const server = postgres();

async function planOf(
  sql: string,
): Promise<{ columns: readonly ColumnPair[]; key: TableKey | null }> {
  const database = await server.database(sql);
  await database.query("SET search_path = ''");
  const tables = await readTables(database);
  const [unit] = makeUnits(tables, tables, tables);
  if (unit === undefined) throw new Error('no table');
  const columns = pairColumns(unit);
  const [table] = unit.source;
  if (columns.problem !== null || table === undefined) throw new Error('no columns');
  return { columns: columns.pairs, key: chooseKey(table, columns.pairs, true) };
}

test('a row is its fields in binary, and in text where binary forms differ', async () => {
  const { columns } = await planOf(
    "CREATE TYPE mood AS ENUM ('ok'); CREATE DOMAIN n AS int; CREATE TABLE t (id int, m mood, name text, f real, d n)",
  );
  expect(rowBytes(columns, 'source')).toBe(
    'pg_catalog.record_send(ROW(t."id", t."name", t."d"::pg_catalog.int4, ROW(t."m", t."f")::pg_catalog.text))',
  );
});

test('one key of a fixed size is searched for in an array of bounds', async () => {
  const { key } = await planOf('CREATE TABLE t (id int PRIMARY KEY)');
  if (key === null) throw new Error('no key');
  const division = { kind: 'keys', key, bounds: [['10'], ['20']] } as const;
  expect(rangeNumber(division, 'source', '')).toBe(
    `coalesce(pg_catalog.width_bucket(t."id"::pg_catalog.int4, '{"10","20"}'::pg_catalog.int4[]), 2)`,
  );
  expect(isWithin(key, division.bounds, 'source', 1, 1)).toBe(
    `t."id" >= '10'::pg_catalog.int4 AND t."id" < '20'::pg_catalog.int4`,
  );
  expect(isWithin(key, division.bounds, 'source', 0, 2)).toBe('true');
});

test('other keys are compared with bounds as in a binary search', async () => {
  const { key } = await planOf('CREATE TABLE t (a text, b int, PRIMARY KEY (a, b))');
  if (key === null) throw new Error('no key');
  const division = { kind: 'keys', key, bounds: [["it's", '2']] } as const;
  expect(rangeNumber(division, 'source', '')).toBe(
    `CASE WHEN (t."a"::pg_catalog.text COLLATE "C", t."b") < ('it''s', '2'::pg_catalog.int4) THEN 0 ELSE 1 END`,
  );
});

test('without a primary key, a unique index of columns that are never NULL is the key', async () => {
  expect(await keyOf('CREATE TABLE t (a int NOT NULL, b int UNIQUE, UNIQUE (a))')).toEqual(['a']);
  expect(await keyOf('CREATE TABLE t (a int UNIQUE)')).toBeUndefined();
  expect(
    await keyOf('CREATE TABLE t (a int NOT NULL); CREATE UNIQUE INDEX ON t (a) WHERE a > 0'),
  ).toBeUndefined();
  expect(
    await keyOf('CREATE TABLE t (a int NOT NULL); CREATE UNIQUE INDEX ON t (a, abs(a))'),
  ).toBeUndefined();
});

async function keyOf(sql: string): Promise<string[] | undefined> {
  return (await planOf(sql)).key?.columns.map(({ pair }) => pair.source.name);
}

const sql = `CREATE TABLE t (id int PRIMARY KEY, v text);
  INSERT INTO t SELECT i, md5(i::text) FROM generate_series(1, 3000) i; ANALYZE t`;

test.each([
  ['quick', quickDigest],
  ['portable', portableDigest],
])('the %s digest finds the rows that differ', async (_, digest) => {
  const source = await server.database(sql);
  const target = await server.database(sql);
  await target.query("UPDATE t SET v = 'x' WHERE id IN (5, 2500); DELETE FROM t WHERE id = 70");
  const table = await compareWith(source, target, digest);
  expect(listed(table)).toEqual(['different 2500', 'different 5', 'missing 70']);
  expect(table.differing.length).toBeLessThan(table.ranges);
});

async function compareWith(
  source: TestDatabase,
  target: TestDatabase,
  digest: Digest,
): Promise<TableReport> {
  const { signal } = new AbortController();
  await using alignment = await alignSnapshots({
    source: parseConnection(source.url),
    target: parseConnection(target.url),
    pipeline: null,
    log: silentLog,
    signal,
  });
  const [here, there] = [
    new SnapshotPool('source', alignment.source, 1, signal),
    new SnapshotPool('target', alignment.target, 1, signal),
  ];
  onTestFinished(async () => {
    await Promise.all([here.close(), there.close()]);
  });
  const tables = await readTables(alignment.source.session);
  const [unit] = makeUnits(tables, tables, await readTables(alignment.target.session));
  if (unit === undefined) throw new Error('no table');
  return await compareUnit(unit, {
    source: here,
    target: there,
    digest,
    isSameEncoding: true,
    rowsPerRange: 300,
    maxListed: 100,
    progress: silentProgress,
  });
}

test('the summary names tables, rows and how much there is', async () => {
  const source = await server.database(`${sql}; CREATE TABLE u (id int)`);
  const target = await server.database(`${sql}; CREATE TABLE v (id int)`);
  await target.query("UPDATE t SET v = 'x' WHERE id = 5; DELETE FROM t WHERE id > 2985");
  const report = await compare(source, target);
  expect(summarizeReport({ ...report, seconds: 1.23 })).toBe(
    `public.t: 15 missing, 0 extra, 1 different of 3000 rows (target 2985)
  different row with id = 5
${Array.from({ length: 9 }, (_, i) => `  missing row with id = ${2986 + i}`).join('\n')}
  ... and 6 more rows
public.u: missing on the target
public.v: missing on the source
different: 3 of 3 tables, 3000 rows, 1.2 s`,
  );
  expect(JSON.parse(JSON.stringify(report))).toEqual(report);
  const equal = makeReport([], 0.5, '0/16B3748');
  expect(summarizeReport(equal)).toBe('equal at 0/16B3748: 0 tables, 0 rows, 0.5 s');
});
