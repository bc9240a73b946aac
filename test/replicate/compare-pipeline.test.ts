import { expect, test } from 'vitest';
import { compareReplication, type CompareReport } from '../../src/replicate/index.ts';
import { Metrics, silentLog, silentProgress } from '../../src/service/index.ts';
import { anyMajor, postgres, type TestDatabase } from '../kit/index.ts';
import { pipelineBetween, runOnce } from './run-pipeline.ts';

const source = postgres(anyMajor);
const target = postgres(anyMajor);

const tables = 'CREATE TABLE counted (id int PRIMARY KEY, n int NOT NULL)';

async function compare(
  here: TestDatabase,
  there: TestDatabase,
  tables?: readonly string[],
): Promise<CompareReport> {
  return await compareReplication(
    { source: here.url, target: there.url, name: 'test', ...(tables && { tables }) },
    {
      log: silentLog,
      metrics: new Metrics(),
      progress: silentProgress,
      signal: new AbortController().signal,
    },
  );
}

async function counting(): Promise<[TestDatabase, TestDatabase]> {
  const here = await source.database(tables);
  const there = await target.database(tables);
  await here.rows('INSERT INTO counted SELECT g, 0 FROM generate_series(1, 5000) g');
  return [here, there];
}

test('a pipeline that nobody runs is applied up to the position, then compared', async () => {
  const [here, there] = await counting();
  await runOnce(here, there);
  await here.rows('UPDATE counted SET n = id');
  expect(await compare(here, there)).toMatchObject({ equal: true, rows: 5000 });
  await there.rows('UPDATE counted SET n = -1 WHERE id = 17');
  const report = await compare(here, there);
  expect(report.equal).toBe(false);
  expect(report.tables[0]?.totals).toEqual({ missing: 0, extra: 0, different: 1 });
});

test('a running pipeline is compared exactly while its source is written to', async () => {
  const [here, there] = await counting();
  const pipeline = pipelineBetween(here, there);
  pipeline.start();
  await pipeline.ready;
  const stop = new AbortController();
  const writer = (async () => {
    const client = await here.client();
    while (!stop.signal.aborted)
      await client.query('UPDATE counted SET n = n + 1 WHERE id = 1 + (random() * 4999)::int');
  })();
  try {
    for (let i = 0; i < 3; i++) {
      const report = await compare(here, there);
      expect(report).toMatchObject({ equal: true, rows: 5000 });
      expect(report.position).not.toBeNull();
    }
  } finally {
    stop.abort();
    await writer;
    await pipeline.stop();
  }
});

test("of two tables whose names look alike, only the pipeline's is compared", async () => {
  const alike = `
    CREATE SCHEMA "a.b"; CREATE TABLE "a.b".c (id int PRIMARY KEY);
    CREATE SCHEMA a; CREATE TABLE a."b.c" (id int PRIMARY KEY)`;
  const here = await source.database(alike);
  const there = await target.database(alike);
  await here.rows('INSERT INTO "a.b".c VALUES (1)');
  const chosen = ['"a.b".*'];
  await runOnce(here, there, { tables: chosen });
  await here.rows('INSERT INTO a."b.c" VALUES (2)');
  expect(await compare(here, there, chosen)).toMatchObject({
    equal: true,
    tables: [{ schema: 'a.b', name: 'c', rows: 1 }],
  });
});

test("comparing goes by the pipeline's own choice of tables, and changes nothing of it", async () => {
  const made =
    'CREATE TABLE kept (id int PRIMARY KEY); CREATE TABLE keyless (n int); CREATE TABLE other (id int)';
  const here = await source.database(made);
  const there = await target.database(made);
  await runOnce(here, there, {
    tables: ['public.kept', 'public.keyless'],
    tablesWithoutKey: 'insert_only',
  });
  const published = (): Promise<unknown[]> =>
    here.rows('SELECT pubname, tablename FROM pg_publication_tables ORDER BY 1, 2');
  const before = await published();
  await here.rows(
    'INSERT INTO kept VALUES (1); INSERT INTO keyless VALUES (1); INSERT INTO other VALUES (1)',
  );
  expect(await compare(here, there)).toMatchObject({ equal: true, rows: 2 });
  expect(await published()).toEqual(before);
});

test('a pipeline that cannot go on is compared as it is, so that its rows can be put right', async () => {
  const [here, there] = await counting();
  await runOnce(here, there);
  await there.rows('DELETE FROM counted WHERE id = 12');
  await here.rows('UPDATE counted SET n = 1 WHERE id = 12');
  await expect(compare(here, there)).rejects.toMatchObject({ code: 'APPLY_ROW_MISSING' });
  const options = { source: here.url, target: there.url, name: 'test', isAsIs: true };
  const signal = new AbortController().signal;
  const deps = { log: silentLog, metrics: new Metrics(), progress: silentProgress, signal };
  const report = await compareReplication(options, deps);
  expect(report.tables[0]).toMatchObject({ totals: { missing: 1, extra: 0, different: 0 } });
  await there.rows('INSERT INTO counted VALUES (12, 0)');
  await runOnce(here, there);
  expect(await compare(here, there)).toMatchObject({ equal: true, rows: 5000 });
});
