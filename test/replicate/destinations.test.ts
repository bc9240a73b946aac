import { describe, expect, test } from 'vitest';
import {
  anyMajor,
  expectSameRows,
  postgres,
  waitFor,
  within,
  type TestDatabase,
} from '../kit/index.ts';
import { pipelineBetween, runOnce } from './run-pipeline.ts';

const source = postgres(anyMajor);
const target = postgres(anyMajor);

const tables = `
  CREATE TABLE t (id int PRIMARY KEY, v text);
  CREATE TABLE days (id int, day int, PRIMARY KEY (id, day)) PARTITION BY RANGE (day);
  CREATE TABLE days_low PARTITION OF days FOR VALUES FROM (0) TO (5);
  CREATE TABLE days_high PARTITION OF days FOR VALUES FROM (5) TO (10)`;

async function copied(
  patterns: readonly string[] = [],
  sql = tables,
): Promise<[TestDatabase, TestDatabase]> {
  const here = await source.database(sql);
  const there = await target.database(sql);
  await runOnce(here, there, { tables: patterns });
  return [here, there];
}

describe('a table that is not to be found at the next start, while changes of it are still to come', () => {
  test('dropped: stops, and goes on when it is excluded', async () => {
    const [here, there] = await copied();
    await here.query(`INSERT INTO t VALUES (1, 'x')`);
    await here.query('DROP TABLE t');
    await here.query('INSERT INTO days VALUES (1, 1)');
    const error: unknown = await runOnce(here, there).catch((reason: unknown) => reason);
    expect(error).toMatchObject({
      code: 'REPLICATE_TABLE_GONE',
      decision: 'stop',
      message: expect.stringMatching(/public\.t, which is dropped on the source/u),
      remedy: expect.stringContaining('!"public"."t"'),
    });
    await runOnce(here, there, { tables: ['public.*', '!"public"."t"'] });
    await expectSameRows(here, there, ['days']);
  });

  test('renamed to what the settings do not name: stops, and goes on under its old name', async () => {
    const patterns = ['public.t', 'public.days'];
    const [here, there] = await copied(patterns);
    await here.query(`INSERT INTO t VALUES (1, 'x')`);
    await here.query('ALTER TABLE t RENAME TO u');
    await expect(runOnce(here, there, { tables: patterns })).rejects.toMatchObject({
      code: 'REPLICATE_TABLE_GONE',
      message: expect.stringContaining('public.u on the source now'),
    });
    await here.query(`INSERT INTO u VALUES (2, 'y')`);
    await here.query('ALTER TABLE u RENAME TO t');
    await runOnce(here, there, { tables: patterns });
    await expectSameRows(here, there);
  });

  test('a partition detached from a table that is named: stops, and goes on when it is excluded', async () => {
    const patterns = ['public.days', 'public.t'];
    const [here, there] = await copied(patterns);
    await here.query('INSERT INTO days VALUES (1, 7)');
    await here.query('ALTER TABLE days DETACH PARTITION days_high');
    await here.query('INSERT INTO days VALUES (2, 1)');
    await expect(runOnce(here, there, { tables: patterns })).rejects.toMatchObject({
      code: 'REPLICATE_TABLE_GONE',
    });
    await runOnce(here, there, { tables: [...patterns, '!public.days_high'] });
    expect(await there.rows('SELECT id FROM days')).toEqual([{ id: 2 }]);
  });
});

describe('a partition that the settings exclude', () => {
  const patterns = ['public.*', '!public.days_x'];
  const make = `CREATE TABLE days_x PARTITION OF days FOR VALUES FROM (10) TO (20);
    INSERT INTO days VALUES (3, 12)`;

  test('made before the start: its rows are left out', async () => {
    const [here, there] = await copied(patterns);
    await here.query(make);
    await here.query('INSERT INTO days VALUES (4, 4)');
    await runOnce(here, there, { tables: patterns });
    expect(await there.rows('SELECT id FROM days')).toEqual([{ id: 4 }]);
  });

  test('made while the table is followed: the others go on', async () => {
    const [here, there] = await copied(patterns);
    const pipeline = pipelineBetween(here, there, { tables: patterns });
    pipeline.start();
    await within('the pipeline to follow', pipeline.ready);
    await here.query(make);
    await here.query('INSERT INTO days VALUES (4, 4)');
    await waitFor('the row of another partition', async () => {
      const rows = await there.rows('SELECT FROM days WHERE id = 4');
      return rows.length === 1;
    });
    await pipeline.stop();
    expect(await there.rows('SELECT id FROM days')).toEqual([{ id: 4 }]);
  });
});

test('two tables whose names read the same are two tables', async () => {
  const twins = `
    CREATE SCHEMA a; CREATE SCHEMA "a.b";
    CREATE TABLE a."b.c" (id int PRIMARY KEY, v text); CREATE INDEX ON a."b.c" (v);
    CREATE TABLE "a.b".c (id int PRIMARY KEY, n int NOT NULL); CREATE INDEX ON "a.b".c (n);`;
  const rows = `INSERT INTO a."b.c" VALUES (1, 'text'); INSERT INTO "a.b".c VALUES (1, 5), (2, 6);`;
  const here = await source.database(twins + rows);
  const there = await target.database(twins);
  await runOnce(here, there);
  await here.query(
    `UPDATE a."b.c" SET v = 'other'; DELETE FROM "a.b".c WHERE id = 1; INSERT INTO "a.b".c VALUES (3, 7)`,
  );
  await runOnce(here, there);
  for (const table of ['a."b.c"', '"a.b".c']) {
    const all = `SELECT * FROM ${table} ORDER BY 1`;
    expect(await there.rows(all)).toEqual(await here.rows(all));
  }
});
