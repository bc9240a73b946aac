import { describe, expect, test } from 'vitest';
import type { ReplicationOptions } from '../../../src/replicate/index.ts';
import {
  anyMajor,
  expectSameRows,
  postgres,
  startSluice,
  type TestDatabase,
} from '../../kit/index.ts';
import {
  insertOnlyTables,
  runWorkload,
  workloadOf,
  workloadSchema,
  workloadTables,
} from '../../kit/workload/index.ts';
import { Scene } from './scene.ts';

const source = postgres(anyMajor, { logical_decoding_work_mem: '64kB' });
const target = postgres(anyMajor);

const schema = workloadSchema({ major: anyMajor });
const followable = workloadTables.filter((table) => !insertOnlyTables.includes(table));

async function scene(
  seed: number,
  options: Partial<ReplicationOptions> & { sql?: string } = {},
): Promise<Scene> {
  const { sql = '', ...rest } = options;
  const here = await source.database(schema + sql, { mayLeak: true });
  const there = await target.database(schema + sql, { mayLeak: true });
  await work(here, seed);
  return new Scene(here, there, rest);
}

async function work(here: TestDatabase, seed: number): Promise<void> {
  const client = await here.client();
  const count = { minTransactions: 12, maxTransactions: 12 };
  await runWorkload(client, workloadOf(seed, { ...count, tables: followable }));
  await client.end();
}

/** The same dice for the same seed. */
function dice(seed: number): (sides: number) => number {
  let state = seed;
  return (sides) => {
    state = (state * 1_103_515_245 + 12_345) % 2_147_483_648;
    return (state >> 8) % sides;
  };
}

const kills = [
  'apply.before-begin',
  'apply.before-commit',
  'apply.after-commit',
  'copy.range.after-commit',
];

describe('a random workload with random kills in between', () => {
  test.each([101, 202])('seed %i', async (seed) => {
    const it = await scene(seed);
    const roll = dice(seed);
    for (let round = 0; round < 3; round++) {
      const failpoint = kills[roll(round === 0 ? kills.length : 3)]!;
      const sluice = startSluice(it.args(), {
        failpoints: { [failpoint]: `kill@${1 + roll(4)}` },
      });
      await work(it.here, seed + 1 + round);
      // Killed by the failpoint, or by us wherever it is.
      await sluice.kill();
    }
    await it.settles();
  });

  test('in segments that cut transactions, in process, stopped and started', async () => {
    const it = await scene(303, { applyLimits: { segmentBytes: 4096, segmentChanges: 60 } });
    for (let round = 0; round < 3; round++) {
      const pipeline = await it.follow();
      await work(it.here, 310 + round);
      await pipeline.stop();
    }
    await it.settles();
  });
});

describe('the other ways of writing', () => {
  test('a target role that may not set session_replication_role: foreign keys are checked', async () => {
    const it = await scene(404);
    await it.there.query(
      `DROP ROLE IF EXISTS plain; CREATE ROLE plain LOGIN; GRANT CREATE ON DATABASE ${it.there.name} TO plain;
       DO $$ DECLARE r record; BEGIN
         FOR r IN SELECT format('ALTER TABLE %s OWNER TO plain', oid::regclass) AS sql FROM pg_class
                   WHERE relnamespace::regnamespace::text IN ('work', '"Odd Schema"') AND relkind IN ('r', 'p')
         LOOP EXECUTE r.sql; END LOOP; END $$;
       -- Its actions would be done twice: the source sends what they did.
       ALTER TABLE work.child DROP CONSTRAINT child_parent_id_fkey,
         ADD FOREIGN KEY (parent_id) REFERENCES work.parent DEFERRABLE INITIALLY DEFERRED;
       ALTER SCHEMA work OWNER TO plain; ALTER SCHEMA "Odd Schema" OWNER TO plain;`,
    );
    const plain = { target: it.there.url.replace('postgres@', 'plain@') };
    for (const segmentChanges of [50_000, 40]) {
      await it.once({ ...plain, applyLimits: { segmentChanges } });
      await expectSameRows(it.here, it.there);
      await work(it.here, 410 + (segmentChanges % 7));
    }
    await it.once(plain);
    await expectSameRows(it.here, it.there);
    await it.there.query(`REASSIGN OWNED BY plain TO postgres; DROP OWNED BY plain`);
  });

  test('a column whose type must go as text', async () => {
    const it = await scene(505, {
      sql: 'ALTER TABLE work.plain ADD COLUMN class regclass, ADD COLUMN of regtype[];',
    });
    await it.once();
    await it.here.query(
      `UPDATE work.plain SET class = 'work.plain'::regclass, of = '{int4,text}' WHERE id % 2 = 0`,
    );
    await work(it.here, 506);
    for (const segmentChanges of [50_000, 40]) {
      await it.settles({ applyLimits: { segmentChanges } });
      await work(it.here, 507);
    }
    await it.settles();
    expect(await it.there.value(`SELECT count(*) > 0 FROM work.plain`)).toBe(true);
  });
});
