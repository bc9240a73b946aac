import * as fc from 'fast-check';
import { expect, test } from 'vitest';
import { anyMajor, expectSameRows, majors, postgres, runSql, type TestDatabase } from '../index.ts';
import { createNative, dropNative, waitForNative } from '../native.ts';
import { runWorkload, workload, workloadOf, workloadSchema, workloadTables } from './index.ts';

const newest = majors[0] ?? anyMajor;
const server = postgres(newest);

test('the same seed runs to the same rows, also in tables of another column order', async () => {
  const first = await server.database(workloadSchema({ major: newest }));
  const second = await server.database(workloadSchema({ major: newest, isReordered: true }));
  const transactions = workloadOf(7, { minTransactions: 60, maxTransactions: 60 });
  expect(workloadOf(7, { minTransactions: 60, maxTransactions: 60 })).toEqual(transactions);
  await runWorkload(await first.client(), transactions);
  await runWorkload(await second.client(), transactions);
  await expectSameRows(first, second);
});

test('random programs only ever break constraints', async () => {
  const database = await server.database(workloadSchema({ major: newest }));
  const client = await database.client();
  await fc.assert(
    fc.asyncProperty(workload(), async (transactions) => {
      await runWorkload(client, transactions);
    }),
    { numRuns: 15, endOnFailure: true },
  );
});

test('every table is written, updated and deleted from', async () => {
  const database = await server.database(workloadSchema({ major: newest }));
  const client = await database.client();
  const options = { minTransactions: 150, maxTransactions: 150, hasTruncate: false };
  await runWorkload(client, workloadOf(1, options));
  await client.query('SELECT pg_stat_force_next_flush()');
  const rows = await writes(database);
  expect(rows.map(({ table }) => table).toSorted()).toEqual(workloadTables.toSorted());
  expect(rows.filter(({ wrote }) => !wrote)).toEqual([]);
});

test("PostgreSQL's own replication carries it, into tables of another column order", async () => {
  const source = await server.database(workloadSchema({ major: newest }));
  const target = await server.database(workloadSchema({ major: newest, isReordered: true }));
  const native = { source: source.url, target: target.url, name: 'oracle' };
  await runSql(source.url, 'ALTER TABLE work.keyless REPLICA IDENTITY FULL');
  await createNative(native);
  await waitForNative(native); // its copy and a TRUNCATE may wait for one another
  await runWorkload(
    await source.client(),
    workloadOf(3, { minTransactions: 40, maxTransactions: 40 }),
  );
  await waitForNative(native);
  await dropNative(native);
  await expectSameRows(source, target);
}, 120_000);

test('names the rows that differ', async () => {
  const [left, right] = [
    await server.database('CREATE TABLE t AS SELECT 1 AS a UNION ALL SELECT 1'),
    await server.database('CREATE TABLE t AS SELECT 1 AS a UNION ALL SELECT 2'),
  ];
  await expect(expectSameRows(left, right)).rejects.toThrow(
    'public.t: 2 rows in the source, 2 in the target\n  only source: (1)\n  only target: (2)',
  );
});

async function writes(database: TestDatabase): Promise<{ table: string; wrote: boolean }[]> {
  return database.rows(
    `SELECT format('%I.%I', n.nspname, r.relname) AS table,
            sum(n_tup_ins) > 0
            AND (r.relname = 'keyless' OR sum(n_tup_upd) > 0 AND sum(n_tup_del) > 0) AS wrote
       FROM pg_class r JOIN pg_namespace n ON n.oid = r.relnamespace,
            LATERAL (SELECT relid FROM pg_partition_tree(r.oid) WHERE r.relkind = 'p'
                     UNION ALL SELECT r.oid WHERE r.relkind = 'r') t,
            LATERAL (SELECT * FROM pg_stat_user_tables s WHERE s.relid = t.relid) s
      WHERE n.nspname IN ('work', 'Odd Schema') AND NOT r.relispartition AND r.relkind IN ('r', 'p')
      GROUP BY 1, r.relname`,
  );
}
