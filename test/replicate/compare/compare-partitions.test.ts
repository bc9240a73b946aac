import { describe, expect, test } from 'vitest';
import { anyMajor, majors, postgres, waitFor } from '../../kit/index.ts';
import { compare, listed } from './compare-kit.ts';

const here = postgres(majors[0] ?? anyMajor);
const there = postgres(majors.at(-1) ?? anyMajor);

const root =
  'CREATE TABLE e (id int, day int, v text, PRIMARY KEY (id, day)) PARTITION BY RANGE (day);';
const leaf = (name: string, from: number, to: number): string =>
  `CREATE TABLE ${name} PARTITION OF e FOR VALUES FROM (${from}) TO (${to});`;
const rows = "INSERT INTO e SELECT i, i % 30, 'v' || i FROM generate_series(1, 3000) i; ANALYZE e;";

describe('partitioned tables', () => {
  test('with the same partitions are compared partition by partition', async () => {
    const sql = root + leaf('e_a', 0, 10) + leaf('e_b', 10, 40) + rows;
    const source = await here.database(sql);
    const target = await there.database(sql);
    await target.query('UPDATE e SET v = NULL WHERE id = 5');
    expect((await compare(source, target)).tables).toMatchObject([
      { name: 'e_a', rows: 1000, totals: { missing: 0, extra: 0, different: 1 } },
      { name: 'e_b', rows: 2000, equal: true },
    ]);
  });

  test.each([
    ['the source alone', leaf('e_a', 0, 10) + leaf('e_b', 10, 40), null],
    ['the target alone', null, leaf('e_a', 0, 10) + leaf('e_b', 10, 40)],
    [
      'both, cut otherwise',
      leaf('e_a', 0, 10) + leaf('e_b', 10, 40),
      leaf('e_a', 0, 20) + leaf('e_c', 20, 40),
    ],
    [
      'both, the target with one more',
      leaf('e_a', 0, 40),
      leaf('e_a', 0, 20) + leaf('e_c', 20, 40),
    ],
    [
      'both, by the same names',
      leaf('e_a', 0, 10) + leaf('e_b', 10, 40),
      leaf('e_a', 0, 20) + leaf('e_b', 20, 40),
    ],
  ])('partitioned on %s: compared as a whole', async (_, left, right) => {
    const plain = 'CREATE TABLE e (id int, day int, v text, PRIMARY KEY (id, day));';
    const source = await here.database((left === null ? plain : root + left) + rows);
    const target = await there.database((right === null ? plain : root + right) + rows);
    const report = await compare(source, target, { rowsPerRange: 500 });
    expect(report.tables).toMatchObject([{ name: 'e', rows: 3000, rowsTarget: 3000, equal: true }]);
    await target.query('UPDATE e SET day = 1 WHERE id = 50');
    await target.query('DELETE FROM e WHERE id = 55');
    const [table] = (await compare(source, target, { rowsPerRange: 500 })).tables;
    expect(table && listed(table)).toEqual(['extra 50,1', 'missing 50,20', 'missing 55,25']);
  });

  test('inheriting tables are tables of their own', async () => {
    const sql =
      'CREATE TABLE p (id int PRIMARY KEY); CREATE TABLE c () INHERITS (p); INSERT INTO p VALUES (1); INSERT INTO c VALUES (2)';
    const report = await compare(await here.database(sql), await there.database(sql));
    expect(report.tables).toMatchObject([
      { name: 'c', rows: 1, equal: true },
      { name: 'p', rows: 1, equal: true },
    ]);
  });
});

describe('tables that change under the comparison', () => {
  test('one that is truncated after the snapshot is compared again', async () => {
    const sql =
      'CREATE TABLE t (id int PRIMARY KEY, v text); INSERT INTO t SELECT i FROM generate_series(1, 1000) i';
    const source = await here.database(sql);
    const target = await there.database(sql);
    const writer = await source.client();
    // The comparison takes its snapshot, then waits for this lock, then finds another table.
    await writer.query('BEGIN; TRUNCATE t; INSERT INTO t SELECT i FROM generate_series(1, 1000) i');
    const comparing = compare(source, target);
    await waitFor('the comparison to wait for the lock', async () =>
      source.value(
        `SELECT count(*) > 0 FROM pg_locks JOIN pg_stat_activity USING (pid)
          WHERE NOT granted AND application_name LIKE 'sluice compare%'`,
      ),
    );
    await writer.query('COMMIT');
    expect(await comparing).toMatchObject({ equal: true, rows: 1000 });
  });
});
