import { execFile } from 'node:child_process';
import { chmod, mkdtemp, readdir, rm } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { promisify } from 'node:util';
import { Client } from 'pg';
import { afterAll, beforeAll, expect, test } from 'vitest';
import { z } from 'zod';
import { Session } from '../../src/session/index.ts';
import { runSluice, startSluice, waitFor } from '../kit/index.ts';

const small = ['demo', '--rows', '3000', '--follow', '1', '--rate', '100'];
const escape = '\u001b';

let folder: string;

beforeAll(async () => {
  folder = await mkdtemp(join(tmpdir(), 'sluice-demo-test-'));
  await chmod(folder, 0o755); // as root, the servers run as somebody else
});

afterAll(() => rm(folder, { recursive: true }));

/** All files of a demo are in its folder for temporary files, and its servers have that in their arguments. */
async function expectNothingLeft(): Promise<void> {
  expect(await readdir(folder)).toEqual([]);
  const { stdout } = await promisify(execFile)('ps', ['-eo', 'args']);
  expect(stdout.split('\n').filter((line) => line.includes(folder))).toEqual([]);
}

test('moves a live shop, proves both sides equal, and with --keep goes on until Ctrl-C', async () => {
  const demo = startSluice([...small, '--keep'], { env: { TMPDIR: folder } });
  await demo.says(/source {3}psql '(.+)'/, 60_000);
  const [, targetUrl = ''] = await demo.says(/target {3}psql '(.+)'/);
  const [, poolUrl = ''] = await demo.says(/pool {5}psql '(.+)'/);
  const [, configFile = ''] = await demo.says(/replicate compare shop --config (\S+)\n/);
  await using target = await Session.connect(targetUrl);
  const through = new Client({ connectionString: poolUrl });
  await through.connect();
  await through.query(`insert into shop.customer (email, name) values ('me@example.com', 'Me')`);
  await through.end();
  await waitFor('what was written on the source', async () => {
    const { rows } = await target.query(
      `select name from shop.customer where email = 'me@example.com'`,
    );
    return rows.length === 1;
  });
  const status = await runSluice(['replicate', 'status', 'shop', '--config', configFile]);
  expect(status.stdout).toMatch(/^shop +running\n/);

  demo.signal('SIGINT');
  const { exitCode, stdout, stderr } = await demo.ended();
  expect(exitCode).toBe(0);
  expect(stdout).toContain('Both sides are equal: every row is there, and none twice.\n');
  expect(stdout).toMatch(
    /^ {2}moved +a shop of [\d,]+ rows in 9 tables\n +from PostgreSQL 17\S* to 18/m,
  );
  expect(stdout).toMatch(/^ {2}applied +[\d,]+ changes of [\d,]+ transactions\n/m);
  expect(stdout).toMatch(/^ {2}peak lag +\d/m);
  expect(stderr).toMatch(/^check: done, nothing stands in the way/m);
  expect(stderr).toMatch(/^copying 11 tables: done, .* rows\/s, .*B\/s, in /m);
  expect(stderr).toMatch(/^follow: lag /m);
  expect(stdout + stderr).not.toContain(escape);
  await expectNothingLeft();
});

test('moves the tills to the other server while they trade, and no transaction is missing', async () => {
  const { exitCode, stdout } = await runSluice([...small, '--json'], { env: { TMPDIR: folder } });
  expect(exitCode).toBe(0);
  const summary = z
    .object({
      type: z.literal('summary'),
      compare: z.object({ equal: z.literal(true) }),
      writer: z.object({ transactions: z.int().positive() }),
      switched: z.object({
        pausedMs: z.number().positive(),
        longestTransactionMs: z.number().positive(),
        acknowledged: z.int().positive(),
        missing: z.literal(0),
      }),
    })
    .parse(JSON.parse(stdout.trimEnd().split('\n').at(-1) ?? ''));
  // Those that trade on at the target are acknowledged, too.
  expect(summary.switched.acknowledged).toBe(summary.writer.transactions);
  await expectNothingLeft();
});

test('finds rows of the target that were tampered with, and exits 3', async () => {
  const { exitCode, stdout } = await runSluice([...small, '--tamper', '--json'], {
    env: { TMPDIR: folder },
  });
  expect(exitCode).toBe(3);
  const lines = stdout.trimEnd().split('\n');
  const table = z.object({ name: z.string(), totals: z.record(z.string(), z.number()) });
  const summary = z
    .object({
      type: z.literal('summary'),
      writer: z.object({ transactions: z.int().positive() }),
      replication: z.object({ lagBytes: z.literal(0), changesApplied: z.int().positive() }),
      compare: z.object({ equal: z.boolean(), tables: z.array(table) }),
    })
    .parse(JSON.parse(lines.at(-1) ?? ''));
  expect(summary.compare.equal).toBe(false);
  const none = { missing: 0, extra: 0, different: 0 };
  expect(
    summary.compare.tables.filter(({ totals }) => Object.values(totals).some((rows) => rows > 0)),
  ).toEqual([
    { name: 'coupon', totals: { ...none, extra: 1 } },
    { name: 'customer', totals: { ...none, different: 1 } },
    { name: 'stock', totals: { ...none, missing: 1 } },
  ]);
  expect(
    new Set(lines.map((line) => z.object({ type: z.string() }).parse(JSON.parse(line)).type)),
  ).toEqual(new Set(['task', 'note', 'summary']));
  await expectNothingLeft();
});

test('leaves nothing behind when it is interrupted', async () => {
  const demo = startSluice(['demo', '--rows', '20000'], { env: { TMPDIR: folder } });
  await demo.says(/copying 11 tables: begins/, 60_000);
  expect(await readdir(folder)).not.toEqual([]);
  demo.signal('SIGINT');
  const { exitCode, stdout, stderr } = await demo.ended();
  expect(exitCode).toBe(1);
  expect(stdout).toBe('');
  expect(stderr).toMatch(/\nsluice: DEMO_INTERRUPTED: the demo was stopped by SIGINT .*\n$/);
  await expectNothingLeft();
});

test('says what it wants instead of a number it cannot use', async () => {
  const { exitCode, stderr } = await runSluice(['demo', '--rows', '12']);
  expect(exitCode).toBe(2);
  expect(stderr).toContain('a whole number, 1200 or more, is wanted');
});
