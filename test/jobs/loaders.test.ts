import { describe, expect, test } from 'vitest';
import { anyMajor, majors, postgres, type TestDatabase } from '../kit/index.ts';
import { insertEvents, queueDatabase, targetDatabase, tick } from './databases.ts';
import { JobFailure, runJob } from './run-job.ts';

const table = 'CREATE TABLE a (id int PRIMARY KEY, at timestamp, note varchar(20), doc json)';
const today = new Date().toISOString().slice(0, 10).replaceAll('-', '_');

/** Some rows, changed in several transactions; what a trigger says of them is in the queue. */
async function changedTable(
  server: Parameters<typeof queueDatabase>[0],
  trigger: string,
): Promise<TestDatabase> {
  const source = await queueDatabase(server);
  await source.query(`${table}; CREATE TRIGGER q AFTER INSERT OR UPDATE OR DELETE ON a
    FOR EACH ROW EXECUTE PROCEDURE pgq.${trigger}('q')`);
  await source.query("SELECT pgq.register_consumer('q', 'job')");
  return source;
}

async function change(source: TestDatabase): Promise<void> {
  await source.query(`INSERT INTO a SELECT i, timestamp '2026-01-30 10:00' + i * interval '1 day',
    'it''s ' || i, '{"n": [1, "x"]}' FROM generate_series(1, 6) AS i`);
  await source.query('UPDATE a SET note = NULL, doc = \'"text"\' WHERE id <= 3');
  await source.query('DELETE FROM a WHERE id IN (1, 6)');
  await source.query("UPDATE a SET note = 'again' WHERE id = 2");
  await source.query("INSERT INTO a VALUES (6, NULL, 'back', NULL)");
  await tick(source);
}

const rows = (database: TestDatabase, from = 'a') =>
  database.rows(`SELECT id, at::text, note, doc::text FROM ${from} ORDER BY id, note`);

async function counts(database: TestDatabase): Promise<Record<string, unknown>> {
  const tables = await database.rows(
    "SELECT relname::text AS name FROM pg_class WHERE relkind = 'r' AND relnamespace = 'public'::regnamespace ORDER BY 1",
  );
  const found: Record<string, unknown> = {};
  for (const { name } of tables) {
    found[String(name)] = await database.value(`SELECT count(*)::int FROM ONLY ${String(name)}`);
  }
  return found;
}

const modes = [
  { row_mode: 'plain' },
  { row_mode: 'bulk', bulk_mode: 'correct' },
  { row_mode: 'bulk', bulk_mode: 'delete' },
  { row_mode: 'bulk', bulk_mode: 'merged' },
];

describe.each(majors)('on PostgreSQL %i', (major) => {
  const server = postgres(major);

  test.each(major === anyMajor ? ['logutriga', 'jsontriga'] : ['logutriga'])(
    'every way to load the events of %s gives the same table',
    async (trigger) => {
      const source = await changedTable(server, trigger);
      const targets = [];
      for (const [nr, mode] of modes.entries()) {
        const target = await targetDatabase(server, table);
        await source.query('SELECT pgq.register_consumer($1, $2)', ['q', `job${nr}`]);
        targets.push({ target, settings: { table_mode: 'direct', ...mode, kind: 'queue_loader' } });
      }
      for (const load_method of [0, 1, 2]) {
        const target = await targetDatabase(server, table.replace('TABLE a', 'TABLE b'));
        const settings = {
          kind: 'bulk_loader',
          load_method,
          remap_tables: { 'public.a': 'public.b' },
        };
        await source.query('SELECT pgq.register_consumer($1, $2)', ['q', `job${targets.length}`]);
        targets.push({ target, settings });
      }
      await change(source);
      await source.query("UPDATE a SET note = 'last' WHERE id = 4; DELETE FROM a WHERE id = 5");
      await tick(source);
      for (const [nr, { target, settings }] of targets.entries()) {
        const places = { source: source.url, target: target.url, queue: 'q' };
        await runJob({ ...places, ...settings }, `job${nr}`);
        const name = settings.kind === 'bulk_loader' ? 'b' : 'a';
        expect(await rows(target, name)).toEqual(await rows(source));
      }
    },
  );
});

describe('dispatchers', () => {
  const server = postgres();

  async function databases() {
    const source = await changedTable(server, 'logutriga');
    const target = await targetDatabase(server, table.replace('PRIMARY KEY', ''));
    return { source, target, places: { source: source.url, target: target.url, queue: 'q' } };
  }

  test('a cube of the latest states has each row once', async () => {
    const { source, target, places } = await databases();
    await change(source);
    await runJob({ kind: 'cube_dispatcher', ...places });
    expect(await rows(target, `a_${today}`)).toEqual(await rows(source));
    expect(await counts(target)).toEqual({ a: 0, [`a_${today}`]: 5 });
  });

  test('a cube of all states has every one, and refuses deletes', async () => {
    const { source, target, places } = await databases();
    const cube = {
      kind: 'cube_dispatcher',
      mode: 'keep_all',
      dateformat: '',
      part_template: 'create table _DEST_TABLE (like _PARENT)',
    };
    await change(source);
    await expect(runJob({ ...places, ...cube })).rejects.toThrow(
      /JOBS_ROW_DELETED: a row of public.a/,
    );
    await runJob({ ...places, ...cube, filter: "ev_type not like 'D%'" });
    expect(await counts(target)).toEqual({ a: 11 });
  });

  test('a dispatcher makes a table for each month, and renames columns', async () => {
    const { source, target, places } = await databases();
    await target.query('ALTER TABLE a RENAME id TO nr');
    await change(source);
    await runJob({
      kind: 'table_dispatcher',
      ...places,
      filter: "ev_type like 'I%' and ev_data not like 'id=6&at&%'",
      dest_table: 'public.a',
      part_field: 'at',
      part_method: 'monthly',
      fields: ['id:nr', '*'],
      part_template:
        'create table _DEST_TABLE (like _PARENT) inherits (_PARENT); create index _SCHEMA_TABLE_nr on _DEST_TABLE (nr)',
    });
    expect(await counts(target)).toEqual({ a: 0, a_2026_01: 1, a_2026_02: 5 });
    expect(await target.value('SELECT count(*)::int FROM a WHERE nr IS NOT NULL')).toBe(6);
  });

  test('old tables that jobs have made are dropped, and no others', async () => {
    const { source, target, places } = await databases();
    const settings = {
      kind: 'table_dispatcher',
      ...places,
      dest_table: 'public.a',
      part_field: 'at',
      part_template: 'create table _DEST_TABLE (like _PARENT)',
    };
    await target.query('CREATE TABLE a_2020_01_01 ()');
    await source.query(
      `INSERT INTO a VALUES (1, '2020-01-02 00:00'), (2, '${today.replaceAll('_', '-')} 00:00')`,
    );
    await tick(source);
    await runJob(settings);
    expect(Object.keys(await counts(target))).toEqual([
      'a',
      'a_2020_01_01',
      'a_2020_01_02',
      `a_${today}`,
    ]);
    await source.query(`INSERT INTO a VALUES (3, '${today.replaceAll('_', '-')} 00:00')`);
    await tick(source);
    await runJob({ ...settings, retention: '90d' });
    expect(Object.keys(await counts(target))).toEqual(['a', 'a_2020_01_01', `a_${today}`]);
  });

  test('two jobs that want the same table make it once', async () => {
    const target = await targetDatabase(server, table.replace('PRIMARY KEY', ''));
    const sources = await Promise.all([1, 2, 3].map(() => changedTable(server, 'logutriga')));
    for (const source of sources) {
      await source.query(
        "INSERT INTO a SELECT i, timestamp '2026-01-01' + i * interval '1 day' FROM generate_series(1, 40) i",
      );
      await tick(source);
    }
    await Promise.all(
      sources.map((source, nr) =>
        source
          .query("SELECT pgq.register_consumer_at('q', $1, (SELECT min(tick_id) FROM pgq.tick))", [
            `job${nr}`,
          ])
          .then(() =>
            runJob(
              {
                kind: 'queue_loader',
                source: source.url,
                target: target.url,
                queue: 'q',
                table_mode: 'split',
                split_mode: 'by-date-field:at',
                split_part: '%(table_name)s_%(year)s_%(month)s_%(day)s',
                split_part_template: 'create table %(dest)s () inherits (%(parent)s)',
                row_mode: 'keep_all',
              },
              `job${nr}`,
            ),
          ),
      ),
    );
    expect(await target.value('SELECT count(*)::int FROM a')).toBe(120);
  });

  test('a row without a key is told, and nothing of its batch stays', async () => {
    const { source, target, places } = await databases();
    await insertEvents(source, [
      { type: 'I:', data: 'id=1', extra1: 'public.a' },
      { type: 'U:', data: 'id=1', extra1: 'public.a' },
    ]);
    const running = runJob({ kind: 'queue_loader', ...places, table_mode: 'direct' });
    await expect(running).rejects.toThrow(JobFailure);
    await expect(running).rejects.toThrow(/JOBS_NO_KEY: a row of public.a came without its key/);
    expect(await counts(target)).toEqual({ a: 0 });
  });
});
