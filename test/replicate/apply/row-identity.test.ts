import { expect, test } from 'vitest';
import { anyMajor, expectSameRows, postgres, type TestDatabase } from '../../kit/index.ts';
import { runOnce } from '../run-pipeline.ts';

const source = postgres(anyMajor);
const target = postgres(anyMajor);

/** Makes the tables on both sides, fills, copies; then runs `changes` and follows. */
async function carry(tables: string, rows: string, changes: string): Promise<TestDatabase> {
  const here = await source.database(tables);
  const there = await target.database(tables);
  await here.rows(rows);
  await runOnce(here, there);
  await here.rows(changes);
  await runOnce(here, there);
  await expectSameRows(here, there);
  return there;
}

test('an ALWAYS identity that is assigned DEFAULT changes on the target, TOAST values kept', async () => {
  await carry(
    `CREATE TABLE a (id int GENERATED ALWAYS AS IDENTITY PRIMARY KEY, n int, big text STORAGE EXTERNAL);
     CREATE TABLE b (id int PRIMARY KEY, seq int GENERATED ALWAYS AS IDENTITY, n int)`,
    `INSERT INTO a (n, big) SELECT g, repeat('x', 5000) FROM generate_series(1, 200) g;
     INSERT INTO b (id, n) SELECT g, g FROM generate_series(1, 200) g`,
    `UPDATE a SET id = DEFAULT WHERE id = 7; UPDATE b SET seq = DEFAULT WHERE id IN (3, 5);
     UPDATE b SET n = n + 1; UPDATE a SET n = n + 1`,
  );
});

test('rows are found by keys that are too long to be sent again', async () => {
  const longKey = 'repeat(md5(g::text), 70)';
  await carry(
    'CREATE TABLE t (k text STORAGE EXTERNAL PRIMARY KEY, x int)',
    `INSERT INTO t SELECT ${longKey}, g FROM generate_series(1, 300) g`,
    `UPDATE t SET x = x + 1; DELETE FROM t WHERE x < 20; UPDATE t SET k = k || 'x' WHERE x = 30`,
  );
});

test('keys of extensions compare by their own operator', async () => {
  const there = await carry(
    `CREATE EXTENSION citext SCHEMA public;
     CREATE TABLE c (name citext PRIMARY KEY, n int);
     CREATE TABLE full_rows (name citext, n int);
     ALTER TABLE full_rows REPLICA IDENTITY FULL`,
    `INSERT INTO c SELECT 'Name ' || g, g FROM generate_series(1, 200) g;
     INSERT INTO full_rows VALUES ('Anna', 1), ('ANNA', 1), ('Bert', 2)`,
    `UPDATE c SET n = n + 1; DELETE FROM c WHERE name = 'name 17';
     UPDATE full_rows SET n = 9 WHERE name::text = 'ANNA'; DELETE FROM full_rows WHERE name = 'bert'`,
  );
  expect(await there.rows("SELECT n FROM full_rows WHERE name::text = 'ANNA'")).toEqual([{ n: 9 }]);
});

test('constraints that the source checks at commit do not stop a role that may not silence triggers', async () => {
  const tables = `
    CREATE TABLE places (id int PRIMARY KEY, pos int UNIQUE DEFERRABLE INITIALLY IMMEDIATE);
    CREATE TABLE parent (id int PRIMARY KEY);
    CREATE TABLE child (id int PRIMARY KEY, parent int REFERENCES parent DEFERRABLE INITIALLY DEFERRED)`;
  const here = await source.database(tables);
  const there = await target.database(tables);
  const role = `plain_${there.name}`;
  await there.rows(
    `CREATE ROLE ${role} LOGIN; ALTER DATABASE ${there.name} OWNER TO ${role};
     ALTER TABLE places OWNER TO ${role}; ALTER TABLE parent OWNER TO ${role}; ALTER TABLE child OWNER TO ${role}`,
  );
  const plain = { target: there.url.replace('postgres@', `${role}@`) };
  await here.rows('INSERT INTO places SELECT g, g FROM generate_series(1, 10) g');
  await runOnce(here, there, plain);
  await here.rows(
    `UPDATE places SET pos = pos + 1; INSERT INTO child VALUES (1, 1); INSERT INTO parent VALUES (1)`,
  );
  await runOnce(here, there, plain);
  await expectSameRows(here, there);
});
