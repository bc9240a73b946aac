import type { LocalServer } from '../../src/demo/index.ts';
import { enableNative, publish, subscribe, unsubscribe } from '../../test/kit/native.ts';
import { runSql } from '../../test/kit/sql.ts';
import type { Bench, Measured } from '../kit/bench.ts';
import { runOurs } from '../kit/ours.ts';
import { initPgbench, initPgbenchTables, runSimpleUpdates } from '../kit/pgbench.ts';
import { startPair, versionOf, type ServerPair } from '../kit/servers.ts';
import { waitUntilVisible } from '../kit/visible.ts';

const scale = 20;
const inserts = 1_000_000;
const insertsPerTransaction = 2000;
const updates = 100_000;

const nativePeer = 'CREATE SUBSCRIPTION (binary)';
const pipeline = 'bench';
const nativeName = 'native';
const markerSql = 'SELECT FROM marker';
const extraTables = `
  CREATE TABLE inserted (id bigint PRIMARY KEY, label text, amount numeric(12, 2), at timestamptz);
  CREATE TABLE marker (id int PRIMARY KEY)`;

/** Both start from the same slot position and the same rows, in a fresh copy of the target database. */
const bench: Bench = {
  name: 'backlog',
  about:
    `Catching up after a pause: ${inserts.toLocaleString('en-US')} inserts, ` +
    `${insertsPerTransaction.toLocaleString('en-US')} a transaction, then ` +
    `${updates.toLocaleString('en-US')} transactions of pgbench -N (one update, one insert) at scale ${scale} ` +
    'wait in the slot. Timed from the start of the program (for ours: of the process; for the peer: of ' +
    '`ALTER SUBSCRIPTION ... ENABLE`) until the last row is visible on the target. Both servers durable, the ' +
    'target with its pages in memory.',
  runs: 5,
  comparisons: [{ metric: 'seconds', unit: 's', better: 'lower', peer: nativePeer, goal: 2.5 }],
  async setUp() {
    const pair = await startPair(17);
    try {
      const prepared = await prepare(pair);
      return {
        ours: { name: 'sluice', measure: () => measureOurs(prepared) },
        peers: [{ name: nativePeer, measure: () => measureNative(prepared) }],
        versions: { postgres: await versionOf(pair.source) },
        [Symbol.asyncDispose]: () => pair[Symbol.asyncDispose](),
      };
    } catch (error) {
      await pair[Symbol.asyncDispose]();
      throw error;
    }
  },
};
export default bench;

interface Prepared {
  readonly pair: ServerPair;
  /** What our pipeline calls its slot. */
  readonly ourSlot: string;
}

/** The rows before the backlog on both sides, a slot kept at that moment, then the backlog. */
async function prepare(pair: ServerPair): Promise<Prepared> {
  const { source, target } = pair;
  const shop = await source.createDatabase('shop');
  await initPgbench(shop, scale);
  await runSql(shop, extraTables);
  await prepareNativeTarget(target);
  const ourSlot = await prepareOurTarget(shop, target);
  // The publication must be older than the backlog: it is looked up as of each change.
  await publish({ source: shop, target: '', name: nativeName });
  await runSql(
    shop,
    `SELECT pg_copy_logical_replication_slot('${ourSlot}', 'kept_ours');
     SELECT pg_create_logical_replication_slot('kept_native', 'pgoutput')`,
  );
  await writeBacklog(shop);
  await runSql(target.url(), 'CHECKPOINT');
  return { pair, ourSlot };
}

/** pgbench makes the same rows everywhere: no need to copy them. */
async function prepareNativeTarget(target: LocalServer): Promise<void> {
  const url = await target.createDatabase('kept_native');
  await initPgbench(url, scale);
  await runSql(url, extraTables);
}

async function prepareOurTarget(shop: string, target: LocalServer): Promise<string> {
  const url = await target.createDatabase('kept_ours');
  await initPgbenchTables(url);
  await runSql(url, extraTables);
  await runOurs({ source: shop, target: url, name: pipeline });
  const [slot] = await runSql(shop, 'SELECT slot_name::text FROM pg_replication_slots');
  return String(slot?.['slot_name']);
}

async function writeBacklog(shop: string): Promise<void> {
  await runSql(
    shop,
    `CREATE PROCEDURE fill() LANGUAGE plpgsql AS $$ BEGIN
       FOR i IN 0 .. ${inserts / insertsPerTransaction - 1} LOOP
         INSERT INTO inserted
         SELECT n, 'label ' || n, n % 1000, timestamptz '2026-01-01' + n * interval '1 s'
           FROM generate_series(i * ${insertsPerTransaction} + 1, (i + 1) * ${insertsPerTransaction}) AS n;
         COMMIT;
       END LOOP;
     END $$`,
  );
  await runSql(shop, 'CALL fill()');
  await runSimpleUpdates(shop, updates);
  await runSql(shop, 'INSERT INTO marker VALUES (1); CHECKPOINT');
}

async function measureOurs({ pair, ourSlot }: Prepared): Promise<Measured> {
  const { source, target } = pair;
  const shop = source.url('shop');
  await runSql(
    shop,
    `SELECT pg_drop_replication_slot('${ourSlot}');
     SELECT pg_copy_logical_replication_slot('kept_ours', '${ourSlot}')`,
  );
  return withCopy(target, 'kept_ours', async (url) => {
    const startedAt = performance.now();
    const work = runOurs({ source: shop, target: url, name: pipeline });
    const [ms] = await Promise.all([waitUntilVisible(url, markerSql, startedAt), work]);
    return ms;
  });
}

async function measureNative({ pair }: Prepared): Promise<Measured> {
  const { source, target } = pair;
  const shop = source.url('shop');
  await runSql(shop, `SELECT pg_copy_logical_replication_slot('kept_native', '${nativeName}')`);
  return withCopy(target, 'kept_native', async (url) => {
    const options = { source: shop, target: url, name: nativeName };
    await subscribe({ ...options, copiesData: false, isBinary: true, isEnabled: false });
    const startedAt = performance.now();
    await enableNative(url, nativeName);
    const ms = await waitUntilVisible(url, markerSql, startedAt);
    await unsubscribe(url, nativeName);
    return ms;
  });
}

/** Time `work` on a fresh copy of a target database, and see that all rows have come. */
async function withCopy(
  target: LocalServer,
  kept: string,
  work: (url: string) => Promise<number>,
): Promise<Measured> {
  await runSql(target.url(), `CREATE DATABASE run TEMPLATE ${kept} STRATEGY wal_log`);
  const url = target.url('run');
  const ms = await work(url);
  const [counts] = await runSql(
    url,
    `SELECT (SELECT count(*) FROM inserted)::int AS inserted,
            (SELECT count(*) FROM pgbench_history)::int AS history`,
  );
  if (counts?.['inserted'] !== inserts || counts['history'] !== updates) {
    throw new Error(`rows are missing on the target: ${JSON.stringify(counts)}`);
  }
  await runSql(target.url(), 'DROP DATABASE run WITH (FORCE)');
  return { seconds: ms / 1000 };
}
