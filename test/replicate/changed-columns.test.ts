import { describe, expect, test } from 'vitest';
import { anyMajor, expectSameRows, postgres, within, type TestDatabase } from '../kit/index.ts';
import { pipelineBetween, runOnce } from './run-pipeline.ts';

const source = postgres(anyMajor);
const target = postgres(anyMajor);

/** Two databases with this table, the source's rows copied. */
async function copied(table: string, rows: string): Promise<[TestDatabase, TestDatabase]> {
  const here = await source.database(`${table}; ${rows}`);
  const there = await target.database(table);
  await runOnce(here, there);
  return [here, there];
}

interface Change {
  readonly table: string;
  readonly alter: string;
  /** Written while the table is as it was, and still to be applied when both have changed. */
  readonly before: string;
  readonly after: string;
}

const modifiers: Change[] = [
  {
    table: 'CREATE TABLE n (id int PRIMARY KEY, v numeric(10,2))',
    alter: 'ALTER TABLE n ALTER v TYPE numeric(12,4)',
    before: 'INSERT INTO n VALUES (2, 1.5); UPDATE n SET v = 2.25 WHERE id = 2',
    after: 'INSERT INTO n VALUES (3, 1.2345)',
  },
  {
    table: 'CREATE TABLE v (id int PRIMARY KEY, v varchar(3))',
    alter: 'ALTER TABLE v ALTER v TYPE varchar(8)',
    before: `INSERT INTO v VALUES (2, 'abc'); UPDATE v SET v = 'x' WHERE id = 2`,
    after: `INSERT INTO v VALUES (3, 'abcdefgh')`,
  },
  {
    table: 'CREATE TABLE c (id int PRIMARY KEY, v char(3))',
    alter: 'ALTER TABLE c ALTER v TYPE char(8)',
    before: `INSERT INTO c VALUES (2, 'abc')`,
    after: `INSERT INTO c VALUES (3, 'abcdefgh')`,
  },
  {
    table: 'CREATE TABLE at (id int PRIMARY KEY, v timestamp(0))',
    alter: 'ALTER TABLE at ALTER v TYPE timestamp(6)',
    before: `INSERT INTO at VALUES (2, '2026-01-02 03:04:05')`,
    after: `INSERT INTO at VALUES (3, '2026-01-02 03:04:05.678901')`,
  },
];

const types: Change[] = [
  {
    table: 'CREATE TABLE k (id int PRIMARY KEY, v text)',
    alter: 'ALTER TABLE k ALTER id TYPE bigint',
    before: `INSERT INTO k VALUES (2, 'a'), (3, 'b'); UPDATE k SET v = 'c' WHERE id = 2; DELETE FROM k WHERE id = 3`,
    after: `INSERT INTO k VALUES (5000000000, 'd')`,
  },
  {
    table: `CREATE TYPE mood AS ENUM ('ok', 'bad'); CREATE TABLE e (id int PRIMARY KEY, v mood)`,
    alter: 'ALTER TABLE e ALTER v TYPE text',
    before: `INSERT INTO e VALUES (2, 'ok')`,
    after: `INSERT INTO e VALUES (3, 'anything')`,
  },
];

function all(changes: readonly Change[], part: keyof Change): string {
  return changes.map((change) => change[part]).join('; ');
}

describe('columns of both sides changed', () => {
  test.each([
    ['their modifiers', modifiers],
    ['their types, which binary does not carry over', types],
  ])('%s: rows of before and after arrive at the next start', async (_what, changes) => {
    const [here, there] = await copied(all(changes, 'table'), '');
    await here.query(all(changes, 'before'));
    await here.query(all(changes, 'alter'));
    await here.query(all(changes, 'after'));
    await there.query(all(changes, 'alter'));
    await runOnce(here, there);
    await expectSameRows(here, there);
  });

  test('narrower: stops at rows that might lose something, goes on once the target takes them', async () => {
    const [here, there] = await copied('CREATE TABLE t (id int PRIMARY KEY, v numeric(12,4))', '');
    const narrow = 'ALTER TABLE t ALTER v TYPE numeric(10,2)';
    await here.query(`INSERT INTO t VALUES (1, 1.2345); ${narrow}; INSERT INTO t VALUES (2, 1.5)`);
    await there.query(narrow);
    await expect(runOnce(here, there)).rejects.toMatchObject({
      code: 'REPLICATE_OLD_ROWS',
      decision: 'stop',
      message: expect.stringMatching(/public\.t .*v numeric\(12,4\).*numeric\(10,2\)/u),
    });
    expect(await there.value('SELECT count(*)::int FROM t')).toBe(0);
    await there.query('ALTER TABLE t ALTER v TYPE numeric');
    await runOnce(here, there);
    await there.query(narrow);
    await expectSameRows(here, there);
  });

  test('dropped on the source only: what was written to it before arrives', async () => {
    const [here, there] = await copied('CREATE TABLE t (id int PRIMARY KEY, v text, w int)', '');
    await here.query(`INSERT INTO t VALUES (1, 'a', 7); ALTER TABLE t DROP w`);
    await here.query(`INSERT INTO t VALUES (2, 'b')`);
    await runOnce(here, there);
    expect(await there.rows('SELECT * FROM t ORDER BY id')).toEqual([
      { id: 1, v: 'a', w: 7 },
      { id: 2, v: 'b', w: null },
    ]);
  });
});

test.each([modifiers[0]!, types[0]!])(
  '$alter on the source only, while it is followed: stops before the target has any of it',
  async (change) => {
    const [here, there] = await copied(change.table, '');
    const pipeline = pipelineBetween(here, there);
    pipeline.start();
    await within('the pipeline to follow', pipeline.ready);
    await here.query(`${change.alter}; ${change.after}`);
    await expect(within('the stop', pipeline.finished)).rejects.toMatchObject({
      code: 'REPLICATE_TABLE_CHANGED',
    });
    await expect(runOnce(here, there)).rejects.toMatchObject({ code: 'REPLICATE_BLOCKED' });
    await there.query(change.alter);
    await runOnce(here, there);
    await expectSameRows(here, there);
  },
);
