import { expect, test } from 'vitest';
import { Client } from 'pg';
import { postgres, runSql, waitFor, within } from './index.ts';

const server = postgres();
const table = 'CREATE TABLE t (id int PRIMARY KEY)';

test('every test has a database of its own, copied from the same template', async () => {
  const [one, two] = [await server.database(table), await server.database(table)];
  await one.query('INSERT INTO t VALUES (1)');
  expect(await one.value('SELECT count(*)::int FROM t')).toBe(1);
  expect(await two.value('SELECT count(*)::int FROM t')).toBe(0);
});

test('the databases of the test before are gone', async () => {
  const names = await server.query(`SELECT datname FROM pg_database WHERE datname LIKE 'test_%'`);
  expect(names).toEqual([]);
});

test('a database answers again after its server was killed and started', async () => {
  const database = await server.database();
  expect(await database.value('SELECT 1')).toBe(1);
  await server.local.kill();
  await server.local.start();
  await waitFor('an answer', () => database.value('SELECT 1').catch(() => null));
});

test('leaks are named: slots, publications, connections', async () => {
  const database = await server.database('', { mayLeak: true });
  expect(await database.leaks()).toEqual([]);
  await database.query('CREATE PUBLICATION p FOR ALL TABLES');
  await database.query(`SELECT pg_create_logical_replication_slot('kept', 'pgoutput')`);
  const ours = new Client({ connectionString: database.url, application_name: 'sluice copy' });
  await ours.connect();
  expect(await database.leaks()).toEqual([
    'connection sluice copy (idle)',
    'publication p',
    'slot kept',
  ]);
  await ours.end();
});

test('the slots of a test go with its database', async () => {
  expect(await runSql(server.url(), 'SELECT slot_name FROM pg_replication_slots')).toEqual([]);
});

test('a wait that ends in vain says for what', async () => {
  await expect(waitFor('the moon', () => false, { timeoutMs: 30 })).rejects.toThrow(
    'waited 30 ms in vain for the moon',
  );
  await expect(within('the sun', new Promise(() => undefined), 30)).rejects.toThrow(
    'waited 30 ms in vain for the sun',
  );
});
