import * as fc from 'fast-check';
import { describe, expect, onTestFinished, test } from 'vitest';
import { anyMajor, majors, postgres, TestDatabase } from '../../kit/index.ts';
import { compare, compareTable, listed } from './compare-kit.ts';

const newest = majors[0] ?? anyMajor;
const oldest = majors.at(-1) ?? anyMajor;
const here = postgres(newest);
const there = postgres(oldest);

async function both(sql: string): Promise<[TestDatabase, TestDatabase]> {
  return [await here.database(sql), await there.database(sql)];
}

// Shown alike, both are a.b.c.
const alike = `
  CREATE SCHEMA "a.b"; CREATE TABLE "a.b".c (id int PRIMARY KEY);
  CREATE SCHEMA a; CREATE TABLE a."b.c" (id int PRIMARY KEY);`;

test('two tables whose names look alike are two tables', async () => {
  const [source, target] = await both(`${alike}
    INSERT INTO "a.b".c SELECT generate_series(1, 10);
    INSERT INTO a."b.c" SELECT generate_series(1, 20)`);
  await target.query('DELETE FROM "a.b".c WHERE id = 3');
  const expected = [
    { schema: 'a', name: 'b.c', rows: 20, rowsTarget: 20, equal: true },
    { schema: 'a.b', name: 'c', rows: 10, rowsTarget: 9, totals: { missing: 1 } },
  ];
  expect((await compare(source, target)).tables).toMatchObject(expected);
  await target.query('DROP TABLE "a.b".c');
  expect((await compare(source, target)).tables).toMatchObject([
    expected[0],
    { schema: 'a.b', name: 'c', problem: 'missing on the target' },
  ]);
});

describe('rows', () => {
  test('the three that differ among 200,000 are found exactly, with their range', async () => {
    const [source, target] = await both(
      `CREATE TABLE t (id int PRIMARY KEY, v text);
       INSERT INTO t SELECT i * 2, md5(i::text) FROM generate_series(1, 200000) i; ANALYZE t`,
    );
    await target.query(`DELETE FROM t WHERE id = 2468`);
    await target.query(`INSERT INTO t VALUES (199999, 'new')`);
    await target.query(`UPDATE t SET v = reverse(v) WHERE id = 300000`);
    const table = await compareTable(source, target);
    expect(listed(table)).toEqual(['different 300000', 'extra 199999', 'missing 2468']);
    expect(table).toMatchObject({
      rows: 200_000,
      rowsTarget: 200_000,
      totals: { missing: 1, extra: 1, different: 1 },
      key: ['id'],
    });
    expect(table.ranges).toBeGreaterThan(5);
    expect(table.differing).toHaveLength(3);
    const [first] = table.differing;
    expect(Number(first?.from?.[0] ?? 0)).toBeLessThanOrEqual(2468);
    expect(Number(first?.to?.[0])).toBeGreaterThan(2468);
    expect((first?.rows ?? 0) - (first?.rowsTarget ?? 0)).toBe(1);
  });

  test('values swapped between two rows do not make up for one another', async () => {
    const [source, target] = await both(
      'CREATE TABLE t AS SELECT i AS id, i AS a, -i AS b FROM generate_series(1, 100) i; ALTER TABLE t ADD PRIMARY KEY (id)',
    );
    await target.query('UPDATE t SET a = CASE id WHEN 5 THEN 6 ELSE 5 END WHERE id IN (5, 6)');
    await target.query('UPDATE t SET a = b, b = a WHERE id = 9');
    expect(listed(await compareTable(source, target))).toEqual([
      'different 5',
      'different 6',
      'different 9',
    ]);
  });

  test('in a table without a key, duplicates are counted', async () => {
    const [source, target] = await both('CREATE TABLE t (a int, b text)');
    await source.query(
      `INSERT INTO t VALUES (1, 'x'), (1, 'x'), (1, 'x'), (2, NULL), (NULL, NULL)`,
    );
    await target.query(
      `INSERT INTO t VALUES (NULL, NULL), (1, 'x'), (2, NULL), (2, NULL), (2, '')`,
    );
    const table = await compareTable(source, target);
    expect(table).toMatchObject({ key: [], totals: { missing: 2, extra: 2, different: 0 } });
    const digests = table.differing.flatMap((range) => range.listed.map((row) => row.digest));
    expect(digests).toHaveLength(4);
    expect(new Set(digests).size).toBe(3);
  });

  test('a large table without a key is divided by hashes', async () => {
    const [source, target] = await both(
      'CREATE TABLE t AS SELECT i % 9000 AS a FROM generate_series(1, 30000) i; ANALYZE t',
    );
    await target.query('DELETE FROM t WHERE ctid IN (SELECT ctid FROM t WHERE a = 17 LIMIT 2)');
    const table = await compareTable(source, target, { rowsPerRange: 1000 });
    expect(table).toMatchObject({ ranges: 32, totals: { missing: 2, extra: 0, different: 0 } });
    expect(table.differing).toHaveLength(1);
  });

  test('a target without the key may hold several rows of it, or none at all in it', async () => {
    const source = await here.database(
      'CREATE TABLE t (id int PRIMARY KEY, v int); INSERT INTO t SELECT i, i FROM generate_series(1, 100) i; ANALYZE t',
    );
    const target = await there.database(
      'CREATE TABLE t (id int, v int); INSERT INTO t SELECT i, i FROM generate_series(1, 100) i',
    );
    await target.query('INSERT INTO t VALUES (7, 7), (8, 9), (NULL, 1)');
    const table = await compareTable(source, target, { rowsPerRange: 10 });
    expect(listed(table)).toEqual(['extra 7', 'extra 8', 'extra null']);
  });

  test('an empty side costs no search: totals are exact, some rows are listed', async () => {
    const [source, target] = await both(
      `CREATE TABLE t AS SELECT i AS id FROM generate_series(1, 5000) i; ALTER TABLE t ADD PRIMARY KEY (id); ANALYZE t`,
    );
    await target.query('DELETE FROM t');
    const missing = await compareTable(source, target, { rowsPerRange: 500, maxListedRows: 7 });
    expect(missing.totals).toEqual({ missing: 5000, extra: 0, different: 0 });
    expect(listed(missing)).toHaveLength(7);
    const extra = await compareTable(target, source);
    expect(extra.totals).toEqual({ missing: 0, extra: 5000, different: 0 });
    expect(listed(extra)).toHaveLength(100);
  });

  test('tables without rows or without columns are equal', async () => {
    const [source, target] = await both('CREATE TABLE a (id int PRIMARY KEY); CREATE TABLE b ()');
    expect(await compare(source, target)).toMatchObject({ equal: true, rows: 0 });
    await source.query('INSERT INTO b DEFAULT VALUES; INSERT INTO b DEFAULT VALUES');
    await target.query('INSERT INTO b DEFAULT VALUES');
    const [, b] = (await compare(source, target)).tables;
    expect(b).toMatchObject({ name: 'b', totals: { missing: 1, extra: 0, different: 0 } });
  });

  test('generated columns count where both sides have them', async () => {
    const source = await here.database(
      'CREATE TABLE t (id int PRIMARY KEY, a int, g int GENERATED ALWAYS AS (a + 1) STORED, h int GENERATED ALWAYS AS (a) STORED)',
    );
    const target = await there.database(
      'CREATE TABLE t (id int PRIMARY KEY, a int, g int GENERATED ALWAYS AS (a + 2) STORED, own text DEFAULT now()::text)',
    );
    for (const side of [source, target]) await side.query('INSERT INTO t (id, a) VALUES (1, 1)');
    expect(listed(await compareTable(source, target))).toEqual(['different 1']);
  });
});

/** Key columns, and the SQL of the key of the i-th row. */
const keys = [
  ['id bigint', '(i - 500) * 8589934592'],
  ['id int, k text', "i % 7, 'k' || i"],
  ['k text', `CASE WHEN i % 3 = 0 THEN 'Zoë ' WHEN i % 3 = 1 THEN 'a_' ELSE '\u{1F600}' END || i`],
  ['k text, id int', "repeat('long ', 30) || i % 5, i"],
  ['k char(8)', 'i::text'],
  ['k numeric', 'i / 7.0'],
  ['k numeric, d date', "i % 10, '2026-01-01'::date + i"],
  ['k uuid', 'md5(i::text)::uuid'],
  ['k timestamptz', "'2026-01-01'::timestamptz + i * interval '1 s'"],
  ['k bytea', "decode(md5(i::text), 'hex')"],
  ['k double precision', 'i / 3.0'],
  ['k positive', 'i'],
  ['k mood, id int', '(enum_range(NULL::mood))[1 + i % 3], i'],
  ['k int4range', 'int4range(i, i + 2)'],
  ['k bool, id smallint', 'i % 2 = 0, i'],
  ['k inet', "'10.0.0.0'::inet + i"],
  ['k "char", id int', `chr(33 + i % 90)::"char", i`],
] as const;

const rowCount = 1000;

test('random differences are found exactly, whatever the key', async () => {
  const [source, target] = await both(
    `CREATE TYPE mood AS ENUM ('sad', 'ok', 'happy'); CREATE DOMAIN positive AS int;
     ${keys.map(([columns], i) => keyTable(i, columns)).join('; ')}`,
  );
  const row = fc.integer({ min: 1, max: rowCount });
  const change = fc.tuple(row, fc.constantFrom('missing', 'different', 'extra'));
  await fc.assert(
    fc.asyncProperty(
      fc.uniqueArray(change, { minLength: 1, maxLength: 60, selector: ([id]) => id }),
      fc.constantFrom(20, 100, 5000),
      async (changes, rowsPerRange) => {
        for (const side of [source, target]) await side.query(fillTables);
        await makeDifferent(source, target, changes);
        const { tables } = await compare(source, target, { rowsPerRange });
        const count = (kind: string): number => changes.filter(([, k]) => k === kind).length;
        const totals = {
          missing: count('missing'),
          extra: count('extra'),
          different: count('different'),
        };
        expect(tables).toHaveLength(keys.length);
        for (const table of tables) {
          const found = { name: table.name, ...table.totals, listed: listed(table).length };
          expect(found).toEqual({ name: table.name, ...totals, listed: changes.length });
          expect(table.ranges).toBeGreaterThanOrEqual(rowsPerRange === 20 ? 5 : 1);
        }
      },
    ),
    { numRuns: 4, endOnFailure: true },
  );
});

function keyTable(i: number, columns: string): string {
  const names = columns.split(', ').map((column) => column.split(' ')[0]);
  return `CREATE TABLE t${i} (${columns}, v int, PRIMARY KEY (${names.join()}))`;
}

const fillTables = keys
  .map(
    ([, values], i) => `TRUNCATE t${i};
      INSERT INTO t${i} SELECT ${values}, i FROM generate_series(1, ${rowCount}) i; ANALYZE t${i}`,
  )
  .join(';');

/** What only the target is to have is taken from the source. */
async function makeDifferent(
  source: TestDatabase,
  target: TestDatabase,
  changes: readonly (readonly [number, string])[],
): Promise<void> {
  const rows = (kind: string): string =>
    `v = ANY ('{${changes.flatMap(([id, k]) => (k === kind ? [id] : [])).join()}}'::int[])`;
  for (const i of keys.keys()) {
    await target.query(`UPDATE t${i} SET v = v + 100000 WHERE ${rows('different')}`);
    await target.query(`DELETE FROM t${i} WHERE ${rows('missing')}`);
    await source.query(`DELETE FROM t${i} WHERE ${rows('extra')}`);
  }
}

describe('databases that differ in collation and encoding', () => {
  const rows = `
    CREATE TABLE t (k text PRIMARY KEY, v text, p char(3), moods text[]);
    INSERT INTO t SELECT (ARRAY['é', 'e', 'E', 'ß', 'Z', 'z_'])[1 + i % 6] || i, 'ü' || i, 'o', '{Ä}'
      FROM generate_series(1, 600) i;
    ANALYZE t`;

  test.each([
    ['LATIN1', "ENCODING 'LATIN1' LOCALE 'C'", ''],
    ['ICU', "LOCALE_PROVIDER icu ICU_LOCALE 'de' LOCALE 'C' ENCODING 'UTF8'", ''],
    ['SQL_ASCII', "ENCODING 'SQL_ASCII' LOCALE 'C'", 'SET client_encoding = UTF8;'],
  ])('UTF8 here and %s there', async (name, options, before) => {
    const source = await here.database(rows);
    const target = await localDatabase(`t_${name.toLowerCase()}`, options, before + rows);
    const equal = await compareTable(source, target, { rowsPerRange: 50 });
    expect(equal).toMatchObject({ equal: true, rows: 600 });
    expect(equal.ranges).toBeGreaterThan(5);
    await target.query("UPDATE t SET v = 'u' WHERE k = 'é6'");
    await target.query("DELETE FROM t WHERE k = 'Z10'");
    const table = await compareTable(source, target, { rowsPerRange: 50 });
    expect(listed(table)).toEqual(['different é6', 'missing Z10']);
  });
});

async function localDatabase(name: string, options: string, sql: string): Promise<TestDatabase> {
  await there.query(`CREATE DATABASE ${name} TEMPLATE template0 ${options}`);
  const database = new TestDatabase(name, there.url(name));
  onTestFinished(async () => {
    await database.close();
    await there.query(`DROP DATABASE ${name} WITH (FORCE)`);
  });
  await database.query(sql);
  return database;
}

describe('what cannot be compared row by row', () => {
  test('tables and columns of one side only are differences', async () => {
    const source = await here.database(
      'CREATE TABLE a (id int PRIMARY KEY, x int, y int); CREATE TABLE b (id int); CREATE TABLE c (id int)',
    );
    const target = await there.database(
      'CREATE TABLE a (id int PRIMARY KEY); CREATE TABLE c (id int); CREATE TABLE d (id int)',
    );
    const report = await compare(source, target);
    expect(report.equal).toBe(false);
    expect(report.tables).toMatchObject([
      { name: 'a', equal: false, problem: 'columns missing on the target', evidence: 'x, y' },
      { name: 'b', equal: false, problem: 'missing on the target' },
      { name: 'c', equal: true, problem: null },
      { name: 'd', equal: false, problem: 'missing on the source' },
    ]);
    expect(await compare(source, target, { tables: ['public.c'] })).toMatchObject({ equal: true });
    await expect(compare(source, target, { tables: ['x.*'] })).rejects.toMatchObject({
      code: 'COMPARE_NO_TABLES',
    });
  });

  test('rows that row security would hide are an error, not fewer rows', async () => {
    const [source, target] = await both(
      `CREATE TABLE t (id int PRIMARY KEY, who text); INSERT INTO t VALUES (1, 'a'), (2, 'b')`,
    );
    await target.query(
      `ALTER TABLE t ENABLE ROW LEVEL SECURITY; CREATE POLICY p ON t USING (who = 'a');
       DROP ROLE IF EXISTS reader; CREATE ROLE reader LOGIN; GRANT SELECT ON t TO reader`,
    );
    const url = new URL(target.url);
    url.username = 'reader';
    await expect(compare(source, target, { target: url.href })).rejects.toMatchObject({
      code: 'COMPARE_DENIED',
      details: { table: 'public.t', side: 'target' },
    });
    await target.query('DROP OWNED BY reader; DROP ROLE reader');
  });
});
