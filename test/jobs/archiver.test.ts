import { writeFile } from 'node:fs/promises';
import { join } from 'node:path';
import { describe, expect, test } from 'vitest';
import {
  crashSluice,
  majors,
  postgres,
  runSluice,
  startSluice,
  temporaryFolder,
  type TestDatabase,
} from '../kit/index.ts';
import { runJob } from './run-job.ts';

const columns =
  '(region text, id bigint, closed_at timestamptz, note text, total numeric(10,2), PRIMARY KEY (region, id))';
const filled = `CREATE TABLE orders ${columns};
INSERT INTO orders SELECT CASE WHEN i % 2 = 0 THEN 'n''ord' ELSE 'süd' END, i, CASE WHEN i % 10 <> 0 THEN
  timestamptz '2026-01-15 12:00:00.123456Z' + i % 3 * interval '1 month' END, 'a\\b' || chr(9) || i, i / 7.0
  FROM generate_series(1, 500) AS i`;
const all =
  "SELECT md5(string_agg(o::text, ',' ORDER BY region, id)) AS hash, count(*)::int AS rows FROM (TABLE orders) o";

function settings(source: TestDatabase, target: TestDatabase) {
  return {
    kind: 'archiver',
    source: source.url,
    target: target.url,
    table: 'public.orders',
    where: "closed_at < '2026-06-01'",
    batch_rows: 60,
  };
}

/** Everything of both databases, as the source had it. */
async function together(source: TestDatabase, target: TestDatabase): Promise<string[]> {
  const text = 'SELECT row(region, id, closed_at, note, total)::text AS row FROM orders';
  const rows = [...(await source.rows(text)), ...(await target.rows(text))];
  return rows.map(({ row }) => String(row)).toSorted();
}

describe.each(majors)('on PostgreSQL %i', (major) => {
  const server = postgres(major);

  test('moves the rows of the condition, and no other', async () => {
    const source = await server.database(filled);
    const target = await server.database(`CREATE TABLE orders ${columns}`);
    const before = await source.rows(all);
    const { status } = await runJob(settings(source, target));
    expect(status.totals['count']).toBe(450);
    expect(await source.value('SELECT count(*)::int FROM orders WHERE closed_at IS NULL')).toBe(50);
    expect(await source.value('SELECT count(*)::int FROM orders')).toBe(50);
    expect(await target.value('SELECT count(*)::int FROM orders')).toBe(450);
    await source.query(`INSERT INTO orders SELECT * FROM (${await copyOf(target)}) AS x`);
    expect(await source.rows(all)).toEqual(before);
    expect(await target.rows('SELECT * FROM sluice_jobs.archive_receipt')).toEqual([]);
  });

  test('makes a table for each month', async () => {
    const source = await server.database(filled);
    const target = await server.database(`CREATE TABLE orders ${columns}`);
    await runJob({ ...settings(source, target), partition_by: 'closed_at' });
    const tables =
      'SELECT tableoid::regclass::text AS name, count(*)::int FROM orders GROUP BY 1 ORDER BY 1';
    expect(await target.rows(tables)).toEqual([
      { name: 'orders_2026_01', count: 150 },
      { name: 'orders_2026_02', count: 150 },
      { name: 'orders_2026_03', count: 150 },
    ]);
  });
});

/** The archived rows as an SQL query that any database understands. */
async function copyOf(target: TestDatabase): Promise<string> {
  const json = await target.value<string>('SELECT json_agg(o)::text FROM orders o');
  return `SELECT (json_populate_record(NULL::orders, row)).* FROM json_array_elements('${json.replaceAll("'", "''")}'::json) AS row`;
}

describe('the archiver', () => {
  const server = postgres();

  test('leaves rows that somebody has locked, and does not wait for them', async () => {
    const source = await server.database(filled);
    const target = await server.database(`CREATE TABLE orders ${columns}`);
    const other = await source.client();
    await other.query("BEGIN; UPDATE orders SET note = 'new' WHERE id = 1");
    await runJob(settings(source, target));
    expect(await source.value('SELECT count(*)::int FROM orders WHERE closed_at IS NOT NULL')).toBe(
      1,
    );
    await other.query('COMMIT');
    await runJob(settings(source, target));
    expect(await target.value('SELECT note FROM orders WHERE id = 1')).toBe('new');
  });

  test('deletes nothing that the target has stored otherwise', async () => {
    const source = await server.database(filled);
    const target = await server.database(
      `CREATE TABLE orders ${columns.replace('numeric(10,2)', 'numeric(10,1)')}`,
    );
    await expect(runJob(settings(source, target))).rejects.toMatchObject({
      code: 'JOBS_ARCHIVE_DIFFERS',
    });
    expect(await source.value('SELECT count(*)::int FROM orders')).toBe(500);
    expect(await target.value('SELECT count(*)::int FROM orders')).toBe(0);
  });

  test('refuses a table whose rows take others with them', async () => {
    const source = await server.database(
      `${filled}; CREATE TABLE line (region text, id bigint, FOREIGN KEY (region, id) REFERENCES orders ON DELETE CASCADE)`,
    );
    const target = await server.database(`CREATE TABLE orders ${columns}`);
    await expect(runJob(settings(source, target))).rejects.toThrow(
      /JOBS_ARCHIVE_TABLE.*would delete or change rows of public.line/,
    );
  });

  describe('killed', { timeout: 180_000 }, () => {
    test.each([
      'archiver.before-target-commit',
      'archiver.before-delete',
      'archiver.before-source-commit',
      'archiver.before-receipt-away',
    ])('at %s has every row once, in one of the databases', async (failpoint) => {
      const source = await server.database(filled);
      const target = await server.database(`CREATE TABLE orders ${columns}`);
      const before = await together(source, target);
      const args = await jobArgs(source, target);
      await crashSluice(args, failpoint, { failpoints: { [failpoint]: 'kill@3' } });
      // What is to be archived no more stays, once, whatever the crash has left of it in the target.
      await source.query(
        'UPDATE orders SET closed_at = NULL WHERE id IN (SELECT id FROM orders WHERE closed_at IS NOT NULL ORDER BY region, id LIMIT 3)',
      );
      const ended = await runSluice(args);
      expect(ended).toMatchObject({ exitCode: 0 });
      const after = await together(source, target);
      expect(after.map(withoutTime)).toEqual(before.map(withoutTime));
      expect(
        await source.value('SELECT count(*)::int FROM orders WHERE closed_at IS NOT NULL'),
      ).toBe(0);
    });
  });
});

describe('the source dies between the two commits', { timeout: 180_000 }, () => {
  // What is in its memory only is lost: nobody else writes the WAL out before that.
  const dying = postgres(undefined, { wal_writer_delay: '10s' });
  const target = postgres();

  test('and every row is once in one of the databases, whatever took the number of its transaction', async () => {
    const source = await dying.database(filled);
    const archive = await target.database(`CREATE TABLE orders ${columns}`);
    const before = await together(source, archive);
    await dying.query('CHECKPOINT');
    const args = await jobArgs(source, archive);
    const job = startSluice(args, { failpoints: { 'archiver.before-delete': 'hold' } });
    await job.holdsAt('archiver.before-delete');
    await dying.local.stop('immediate');
    await job.kill();
    await dying.local.start();
    for (let nr = 0; nr < 20; nr++) await source.query(`CREATE TABLE later_${nr} ()`);
    expect(await runSluice(args)).toMatchObject({ exitCode: 0 });
    expect(await together(source, archive)).toEqual(before);
    expect(await archive.value('SELECT count(*)::int FROM orders')).toBe(450);
  });
});

/** @returns the arguments of `sluice` that archive everything there is to archive */
async function jobArgs(source: TestDatabase, target: TestDatabase): Promise<string[]> {
  const config = join(temporaryFolder(), 'sluice.toml');
  await writeFile(
    config,
    `[databases]
shop = "${source.url}"
old = "${target.url}"
[jobs.orders]
kind = "archiver"
source = "shop"
target = "old"
table = "public.orders"
where = "closed_at < '2026-06-01'"
batch_rows = 60
`,
  );
  return ['jobs', 'run', 'orders', '--config', config];
}

function withoutTime(row: string): string {
  return row.replace(/,("[^"]*")?,/, ',');
}
