import { mkdtemp, rm, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { describe, expect, onTestFinished, test } from 'vitest';
import { z } from 'zod';
import { crashSluice, postgres, runSluice, startSluice, waitFor } from '../kit/index.ts';
import type { TestDatabase } from '../kit/index.ts';
import { runHere } from './fake-io.ts';

const server = postgres();

const structure = `
  CREATE TABLE customers (id int PRIMARY KEY, name text NOT NULL);
  CREATE TABLE orders (id bigint PRIMARY KEY, customer int REFERENCES customers, note text);
  CREATE INDEX ON orders (customer);`;
const rows = `
  INSERT INTO customers SELECT i, 'customer ' || i FROM generate_series(1, 100) i;
  INSERT INTO orders SELECT i, 1 + i % 100, repeat('x', i % 50) FROM generate_series(1, 5000) i;`;

interface Pair {
  readonly from: TestDatabase;
  readonly to: TestDatabase;
  readonly place: string[];
}

async function makePair(): Promise<Pair> {
  const from = await server.database(structure + rows);
  const to = await server.database(structure);
  const place = ['--source', from.url, '--target', to.url];
  // Slots of a crashed pipeline would keep the database from being dropped.
  onTestFinished(async () => {
    await runHere(['replicate', 'drop', ...place, '--name', 'shop']);
  });
  return { from, to, place: [...place, '--name', 'shop'] };
}

const jsonLines = (text: string) =>
  text
    .trim()
    .split('\n')
    .map((line) => z.looseObject({ type: z.string() }).parse(JSON.parse(line)));

describe('sluice replicate', () => {
  test('run --once copies, follows to where the source is, and goes on from there', async () => {
    const { from, to, place } = await makePair();
    const first = await runSluice(['replicate', 'run', '--once', ...place]);
    expect(first).toMatchObject({ exitCode: 0 });
    expect(first.stdout).toMatch(/shop +done\ncopied +5,100 rows/);
    expect(await to.value('SELECT count(*)::int FROM orders')).toBe(5000);

    await from.query(
      `UPDATE orders SET note = 'paid' WHERE id <= 10; DELETE FROM orders WHERE id > 4990`,
    );
    const second = await runSluice(['replicate', 'run', '--once', '--json', ...place]);
    expect(second.exitCode).toBe(0);
    expect(jsonLines(second.stdout).at(-1)).toMatchObject({
      type: 'summary',
      phase: 'done',
      rowsCopied: 0,
      changesApplied: 20,
    });
    expect(await to.value(`SELECT count(*)::int FROM orders WHERE note = 'paid'`)).toBe(10);
    expect(await to.value('SELECT count(*)::int FROM orders')).toBe(4990);
  });

  test('run follows until SIGTERM, which is a clean end, and status tells before, during and after', async () => {
    const { from, to, place } = await makePair();
    const before = await runHere(['replicate', 'status', ...place]);
    expect(before.stdout).toBe('shop  has never run\n');

    const sluice = startSluice([
      'replicate',
      'run',
      ...place,
      '--status-listen',
      ':0',
      '--log-level',
      'info',
    ]);
    const [, url] = await sluice.says(/"url":"(http:[^"]+)"/);
    await waitFor('following', async () =>
      (await (await fetch(`${url}/status`)).text()).includes('"phase": "following"'),
    );
    await from.query(`INSERT INTO customers VALUES (1000, 'late')`);
    await waitFor('the late customer', () =>
      to.rows('SELECT FROM customers WHERE id = 1000').then((r) => r.length),
    );
    expect((await fetch(`${url}/healthz`)).status).toBe(200);
    const during = await runHere(['replicate', 'status', ...place]);
    expect(during.stdout).toMatch(/^shop +running\n/);
    expect(during.stdout).toMatch(/ {2}slot +sluice_shop_\w+, active, confirmed /);

    const ended = await sluice.stop();
    expect(ended).toMatchObject({ exitCode: 0, signal: null });
    const after = await runHere(['replicate', 'status', '--json', '--target', to.url]);
    expect(JSON.parse(after.stdout)).toMatchObject([
      {
        name: 'shop',
        report: { isRunning: false, tables: [{ name: 'customers' }, { name: 'orders' }] },
      },
    ]);
  });

  test('compare exits 0 while both sides are equal and 3 with the rows that differ', async () => {
    const { to, place } = await makePair();
    expect(await runHere(['replicate', 'run', '--once', ...place])).toMatchObject({ exitCode: 0 });
    const equal = await runHere(['replicate', 'compare', ...place]);
    expect(equal).toMatchObject({ exitCode: 0 });
    expect(equal.stdout).toMatch(/^equal at [0-9A-F]+\/[0-9A-F]+: 2 tables, 5100 rows, /);

    await to.query(
      `UPDATE orders SET note = 'forged' WHERE id = 7; DELETE FROM orders WHERE id = 9`,
    );
    const different = await runHere(['replicate', 'compare', '--json', ...place]);
    expect(different.exitCode).toBe(3);
    expect(JSON.parse(different.stdout)).toMatchObject({
      equal: false,
      tables: [
        { name: 'customers', equal: true },
        { name: 'orders', totals: { missing: 1, extra: 0, different: 1 } },
      ],
    });
    const only = await runHere(['replicate', 'compare', '--only', 'public.customers', ...place]);
    expect(only.exitCode).toBe(0);
  });

  test('drop removes what a killed run left behind, and says what', async () => {
    const { from, place } = await makePair();
    await crashSluice(['replicate', 'run', '--once', ...place], 'apply.before-commit', {
      failpoints: { 'apply.before-commit': 'kill' },
    }).catch(() => undefined);
    const drop = await runHere(['replicate', 'drop', ...place]);
    expect(drop.exitCode).toBe(0);
    expect(drop.stdout).toMatch(/^shop: removed slot sluice_/);
    expect(await from.leaks()).toEqual([]);
    const again = await runHere(['replicate', 'drop', ...place]);
    expect(again.stdout).toBe('shop: nothing was left\n');
  });

  test('run of a pipeline whose slot is gone does not start, exits 3, and tells what to do', async () => {
    const { from, place } = await makePair();
    expect(await runHere(['replicate', 'run', '--once', ...place])).toMatchObject({ exitCode: 0 });
    await from.query(
      `SELECT pg_drop_replication_slot(slot_name) FROM pg_replication_slots WHERE database = current_database()`,
    );
    const again = await runHere(['replicate', 'run', '--once', ...place]);
    expect(again.exitCode).toBe(3);
    expect(again.stderr).toMatch(/blocks CHECK_SLOT_MISSING slot sluice_shop_\w+: /);
    expect(again.stderr).toContain('empty its tables on the target');
    expect((await runHere(['check', ...place])).exitCode).toBe(1);
  });

  test('run --once that is interrupted is not done and says so', async () => {
    const { to, place } = await makePair();
    const blocker = await to.client();
    await blocker.query('BEGIN; LOCK TABLE orders IN SHARE MODE');
    const sluice = startSluice(['replicate', 'run', '--once', ...place]);
    const waiting = `SELECT FROM pg_stat_activity WHERE wait_event_type = 'Lock' AND datname = '${to.name}'`;
    await waitFor(
      'the copy to wait for the lock',
      async () => (await server.query(waiting)).length,
    );
    const ended = await sluice.stop();
    expect(ended.exitCode).toBe(1);
    expect(ended.stderr).toContain('COMMAND_INTERRUPTED');
    await blocker.query('ROLLBACK');
  });
});

describe('sluice check', () => {
  test('finds what blocks, exits 1 and lets nothing start', async () => {
    const { to, place } = await makePair();
    await to.query('DROP TABLE orders');
    const check = await runHere(['check', ...place]);
    expect(check.exitCode).toBe(1);
    expect(check.stdout).toMatch(/^shop: 1 block, /);
    expect(check.stdout).toMatch(/blocks [A-Z_]+ public\.orders: /);
    const run = await runHere(['replicate', 'run', '--once', ...place]);
    expect(run.exitCode).toBe(1);
    expect(run.stderr).toContain('public.orders');
    expect(await to.value('SELECT count(*)::int FROM customers')).toBe(0);
  });

  test('is fine with what can run, in JSON too', async () => {
    const { place } = await makePair();
    const check = await runHere(['check', '--json', ...place]);
    expect(check.exitCode).toBe(0);
    expect(JSON.parse(check.stdout)).toMatchObject([{ name: 'shop' }]);
  });
});

describe('from sluice.toml', () => {
  test('sluice run runs every pipeline, sluice status shows them, and all is stopped together', async () => {
    const { from, to } = await makePair();
    const folder = await mkdtemp(join(tmpdir(), 'sluice-run-'));
    onTestFinished(() => rm(folder, { recursive: true }));
    await writeFile(
      join(folder, 'sluice.toml'),
      `[databases]
from = "${from.url}"
to = { url_env = "TO_URL" }
[replicate.shop]
source = "from"
target = "to"
`,
    );
    const options = { cwd: folder, env: { TO_URL: to.url } };
    const sluice = startSluice(['run', '--status-listen', ':0'], options);
    await sluice.says(/the part is ready/);
    await from.query(`INSERT INTO customers VALUES (1000, 'late')`);
    await waitFor('the late customer', () =>
      to.rows('SELECT FROM customers WHERE id = 1000').then((r) => r.length),
    );
    const status = await runSluice(['status'], options);
    expect(status.stdout).toMatch(/^shop +running\n/);
    expect(await sluice.stop()).toMatchObject({ exitCode: 0, stdout: '' });
    expect((await runSluice(['replicate', 'drop'], options)).stdout).toContain('removed slot');
  });
});
