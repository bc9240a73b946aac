import { mkdtemp, rm } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { createNative, dropNative } from '../../test/kit/native.ts';
import { runSql } from '../../test/kit/sql.ts';
import { waitFor } from '../../test/kit/wait.ts';
import type { LocalServer } from '../../src/demo/index.ts';
import type { Bench, Measured } from '../kit/bench.ts';
import { runOurs } from '../kit/ours.ts';
import { initPgbench } from '../kit/pgbench.ts';
import { needProgram, run } from '../kit/programs.ts';
import { startPair, versionOf, type ServerPair } from '../kit/servers.ts';

const scale = 50;
const rows = scale * 100_000;
const jobs = 2;

const pgcopydbPeer = `pgcopydb clone (${jobs} jobs)`;
const nativePeer = 'CREATE SUBSCRIPTION (binary, tablesync)';

// PostgreSQL 15 on both sides: Debian's pgcopydb calls a pg_dump 15, which refuses newer servers.
const bench: Bench = {
  name: 'copy',
  about:
    `Copying ${rows.toLocaleString('en-US')} rows of pgbench_accounts (${scale * 13} MB) with its primary key ` +
    `into an empty table, ${jobs} jobs, from process start to the end of the process; the peer's tablesync ` +
    'until the table is ready. Both servers durable. pgcopydb splits the table between its jobs, as ours does.',
  runs: 5,
  comparisons: [
    { metric: 'seconds', unit: 's', better: 'lower', peer: pgcopydbPeer, goal: 1.5 },
    { metric: 'seconds', unit: 's', better: 'lower', peer: nativePeer, goal: 2 },
  ],
  async setUp() {
    const pgcopydb = await needProgram('pgcopydb', 'pgcopydb');
    const pair = await startPair(15);
    try {
      await prepare(pair.source);
      return {
        ours: { name: 'sluice', measure: (run) => measureOurs(pair, run) },
        peers: [
          { name: pgcopydbPeer, measure: () => measurePgcopydb(pair, pgcopydb) },
          { name: nativePeer, measure: () => measureNative(pair) },
        ],
        versions: {
          postgres: await versionOf(pair.source),
          pgcopydb: await versionOfTool(pgcopydb),
        },
        [Symbol.asyncDispose]: () => pair[Symbol.asyncDispose](),
      };
    } catch (error) {
      await pair[Symbol.asyncDispose]();
      throw error;
    }
  },
};
export default bench;

const createTable = `
  CREATE TABLE pgbench_accounts (aid int NOT NULL, bid int, abalance int, filler char(84))
    WITH (fillfactor = 100);
  ALTER TABLE pgbench_accounts ADD PRIMARY KEY (aid)`;

async function prepare(source: LocalServer): Promise<void> {
  const url = await source.createDatabase('shop');
  await initPgbench(url, scale);
  await runSql(url, 'DROP TABLE pgbench_branches, pgbench_tellers, pgbench_history CASCADE');
  await runSql(url, 'VACUUM ANALYZE');
  await runSql(url, 'CHECKPOINT');
}

async function measureOurs({ source, target }: ServerPair, run: number): Promise<Measured> {
  return intoEmpty(target, async (url) => {
    await runSql(url, createTable);
    const name = `copy_${run}`;
    return timed(() =>
      runOurs({
        source: source.url('shop'),
        target: url,
        name,
        args: ['--copy-jobs', String(jobs)],
      }),
    );
  });
}

async function measurePgcopydb(
  { source, target }: ServerPair,
  pgcopydb: string,
): Promise<Measured> {
  const folder = await mkdtemp(join(tmpdir(), 'sluice-bench-'));
  try {
    return await intoEmpty(target, (url) =>
      timed(async () => {
        const both = ['--source', source.url('shop'), '--target', url];
        const work = ['--table-jobs', String(jobs), '--index-jobs', String(jobs)];
        const split = ['--split-tables-larger-than', '200MB'];
        await run(pgcopydb, ['clone', ...both, ...work, ...split, '--dir', join(folder, 'work')]);
      }),
    );
  } finally {
    await rm(folder, { recursive: true });
  }
}

async function measureNative({ source, target }: ServerPair): Promise<Measured> {
  return intoEmpty(target, async (url) => {
    await runSql(url, createTable);
    const native = { source: source.url('shop'), target: url, name: 'native', isBinary: true };
    const measured = await timed(async () => {
      await createNative(native);
      const sql = `SELECT FROM pg_subscription_rel WHERE srsubstate IN ('s', 'r')`;
      await waitFor('tablesync', async () => (await runSql(url, sql)).length > 0, {
        timeoutMs: 300_000,
        everyMs: 20,
      });
    });
    await dropNative(native);
    return measured;
  });
}

/** A new, empty database per run, dropped afterwards; all rows must have come. */
async function intoEmpty(
  target: LocalServer,
  work: (url: string) => Promise<Measured>,
): Promise<Measured> {
  await runSql(target.url(), 'CHECKPOINT');
  const url = await target.createDatabase('run');
  const measured = await work(url);
  const [count] = await runSql(url, 'SELECT count(*)::int AS rows FROM pgbench_accounts');
  if (count?.['rows'] !== rows) throw new Error(`${JSON.stringify(count)}: expected ${rows} rows`);
  await runSql(target.url(), 'DROP DATABASE run WITH (FORCE)');
  return measured;
}

async function timed(work: () => Promise<void>): Promise<Measured> {
  const startedAt = performance.now();
  await work();
  return { seconds: (performance.now() - startedAt) / 1000 };
}

async function versionOfTool(pgcopydb: string): Promise<string> {
  return (await run(pgcopydb, ['--version'])).match(/\d[\d.]*/)?.[0] ?? 'unknown';
}
