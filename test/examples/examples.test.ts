import { spawn } from 'node:child_process';
import { once } from 'node:events';
import { fileURLToPath } from 'node:url';
import { expect, onTestFinished, test } from 'vitest';
import { z } from 'zod';
import { dropReplication } from '../../src/replicate/index.ts';
import { silentLog } from '../../src/service/index.ts';
import { runHere } from '../cli/fake-io.ts';
import { postgres, startSluice, waitFor, type TestDatabase } from '../kit/index.ts';

const server = postgres();

const structure = `
  CREATE TABLE orders (id int PRIMARY KEY, customer_id int NOT NULL, note text);
  ALTER TABLE orders REPLICA IDENTITY FULL`;

/** A program of examples/ as a person starts it. */
function start(name: string, env: Record<string, string>, args: readonly string[] = []) {
  const path = fileURLToPath(new URL(`../../examples/${name}`, import.meta.url));
  const child = spawn(process.execPath, [path, ...args], { env: { ...process.env, ...env } });
  const program = { out: '', child, ended: once(child, 'close') };
  child.stdout.on('data', (bytes) => (program.out += String(bytes)));
  child.stderr.on('data', (bytes) => (program.out += String(bytes)));
  onTestFinished(async () => {
    child.kill('SIGKILL');
    await program.ended;
  });
  return program;
}

/** What an example leaves behind on purpose, to go on from. */
function dropAfterwards(name: string, source: TestDatabase, target: TestDatabase): void {
  onTestFinished(async () => {
    const deps = { log: silentLog, signal: new AbortController().signal };
    await dropReplication({ source: source.url, target: target.url, name }, deps);
  });
}

function slotIsActive(source: TestDatabase): Promise<boolean> {
  const sql = `SELECT EXISTS (SELECT FROM pg_replication_slots
    WHERE active AND slot_type = 'logical' AND database = current_database()) AS active`;
  return source.value(sql);
}

test('replicate.ts copies, follows to here, compares, and goes on when run again', async () => {
  const source = await server.database(`${structure};
    INSERT INTO orders SELECT n, n % 7, 'note' FROM generate_series(1, 100) n`);
  const target = await server.database(structure);
  dropAfterwards('example', source, target);
  const env = { SOURCE_URL: source.url, TARGET_URL: target.url };
  const first = start('replicate.ts', env);
  expect(await first.ended, first.out).toEqual([0, null]);
  expect(first.out).toMatch(/^100 rows copied, 0 changes applied, position .+\nequal at /);

  await source.query('DELETE FROM orders WHERE id <= 10');
  const second = start('replicate.ts', env);
  expect(await second.ended, second.out).toEqual([0, null]);
  expect(second.out).toMatch(/^0 rows copied, 10 changes applied, .+\nequal at .+ 90 rows/);
});

test('follow-changes.ts prints what commits, and a second run only what is new', async () => {
  const source = await server.database(structure);
  const positions = await server.database();
  dropAfterwards('follow_changes', source, positions);
  const env = { SOURCE_URL: source.url, POSITIONS_URL: positions.url };
  const changeLine = z.looseObject({ kind: z.string() });
  const printed = (out: string) =>
    out
      .split('\n')
      .filter(Boolean)
      .map((line) => changeLine.parse(JSON.parse(line)));

  const first = start('follow-changes.ts', env);
  await waitFor('the slot', () => slotIsActive(source));
  await source.query(`INSERT INTO orders VALUES (1, 7, 'first')`);
  await source.query('DELETE FROM orders');
  await waitFor('two lines', () => printed(first.out).length === 2);
  first.child.kill('SIGTERM');
  expect(await first.ended).toEqual([0, null]);
  expect(printed(first.out)).toMatchObject([
    { kind: 'insert', table: 'orders', row: { id: 1, customer_id: 7, note: 'first' } },
    { kind: 'delete', table: 'orders', key: { id: 1 } },
  ]);

  await source.query(`INSERT INTO orders VALUES (2, 7, 'second')`);
  const second = start('follow-changes.ts', env);
  await waitFor('the new line', () => second.out.includes('second'));
  second.child.kill('SIGTERM');
  await second.ended;
  expect(printed(second.out).at(-1)).toMatchObject({ kind: 'insert', row: { id: 2 } });
  expect(second.out).not.toContain('first');
});

test('count-orders.ts counts each order once, across kill -9', async () => {
  const source = await server.database(structure);
  const target = await server.database(
    'CREATE TABLE order_count (customer_id int PRIMARY KEY, orders int NOT NULL)',
  );
  dropAfterwards('count_orders', source, target);
  const env = { SOURCE_URL: source.url, TARGET_URL: target.url };
  const counted = async () =>
    target.rows<{ orders: number }>('SELECT orders FROM order_count WHERE customer_id = 7');

  const first = start('count-orders.ts', env);
  await waitFor('the slot', () => slotIsActive(source));
  await source.query('INSERT INTO orders SELECT n, 7 FROM generate_series(1, 20) n');
  await waitFor('twenty orders', async () => (await counted())[0]?.orders === 20);
  first.child.kill('SIGKILL');
  await first.ended;

  await source.query('DELETE FROM orders WHERE id <= 4');
  await source.query('UPDATE orders SET customer_id = 8 WHERE id = 5');
  const second = start('count-orders.ts', env);
  await waitFor('fifteen orders', async () => (await counted())[0]?.orders === 15);
  second.child.kill('SIGTERM');
  expect(await second.ended, second.out).toEqual([0, null]);
  expect(await counted()).toEqual([{ orders: 15 }]);
});

test('place-order.ts publishes what mailer.ts writes a letter about, once', async () => {
  const shop = await server.database(`
    CREATE TABLE orders (id serial PRIMARY KEY, customer text NOT NULL, total numeric NOT NULL);
    CREATE TABLE letters (customer text NOT NULL, body text NOT NULL)`);
  for (const words of [['install'], ['create', 'orders'], ['register', 'orders', 'mailer']]) {
    expect((await runHere(['queue', ...words, '--db', shop.url])).exitCode).toBe(0);
  }
  const mailer = fileURLToPath(new URL('../../examples/mailer.ts', import.meta.url));
  const running = startSluice(['queue', 'run', mailer, '--db', shop.url, '--ticker']);
  const placing = start('place-order.ts', { SHOP_URL: shop.url }, ['bob', '12.5']);
  expect(await placing.ended, placing.out).toEqual([0, null]);
  await waitFor('the letter', async () => (await shop.rows('SELECT FROM letters')).length > 0);
  expect((await running.stop()).exitCode).toBe(0);
  expect(await shop.rows('SELECT * FROM letters')).toEqual([
    { customer: 'bob', body: 'Thank you for order 1: 12.50' },
  ]);
});
