import { writeFile } from 'node:fs/promises';
import { join } from 'node:path';
import { describe, expect, test } from 'vitest';
import { installScript, trackingScript } from '../../src/queue/index.ts';
import {
  crashSluice,
  postgres,
  runSluice,
  temporaryFolder,
  waitFor,
  type TestDatabase,
} from '../kit/index.ts';
import { currentTable, drain, register, rotate } from '../queue/schema/queues.ts';
import { hasOriginal } from '../queue/schema/original.ts';
import { eventsOf, insertEvents, tick, waiting } from './databases.ts';
import { runJob } from './run-job.ts';

const some = Array.from({ length: 20 }, (_, nr) => ({
  type: nr % 2 === 0 ? 'I:id' : 'note',
  data: `id=${nr}&text=it's+%c3%a4`,
  extra1: nr % 3 === 0 ? 'left' : 'right',
}));

describe.skipIf(!hasOriginal(15))('with the original extension', { timeout: 120_000 }, () => {
  const server = postgres(15);

  const schemas = {
    original: `CREATE EXTENSION pgq; ${trackingScript()}`,
    ours: installScript(),
  };
  type Schema = keyof typeof schemas;

  async function database(schema: Schema, queues: readonly string[]): Promise<TestDatabase> {
    const made = await server.database(schemas[schema]);
    for (const queue of queues) await made.query('SELECT pgq.create_queue($1)', [queue]);
    return made;
  }

  async function originalQueue(consumer = 'job'): Promise<TestDatabase> {
    const source = await database('original', ['q']);
    await source.query('SELECT pgq.register_consumer($1, $2)', ['q', consumer]);
    return source;
  }

  test.each([
    ['original', 'original'],
    ['original', 'ours'],
    ['ours', 'original'],
  ] as const)('a queue mover moves from %s to %s', async (from, to) => {
    const [source, target] = [await database(from, ['q']), await database(to, ['q'])];
    await source.query("SELECT pgq.register_consumer('q', 'job')");
    await insertEvents(source, some);
    await runJob({ kind: 'queue_mover', source: source.url, target: target.url, queue: 'q' });
    expect(await eventsOf(target)).toEqual(await eventsOf(source));
    await target.query("SELECT pgq.register_consumer('q', 'reader')");
  });

  test('a mover whose events come late into a table that was rotated away loses none', async () => {
    const source = await originalQueue();
    const target = await database('original', ['q']);
    await target.query("SELECT pgq.set_queue_config('q', 'rotation_period', '0 seconds')");
    await register(target, 'reader');
    const holder = await target.client();
    await holder.query('BEGIN; LOCK TABLE pgq.event_1_0 IN SHARE MODE');
    await insertEvents(source, some);
    const settings = { kind: 'queue_mover', source: source.url, target: target.url, queue: 'q' };
    const moving = runJob(settings);
    await waitFor('the mover to wait', async () => (await waiting(target)) === 1);
    await rotate(target);
    expect(await currentTable(target)).toBe(1);
    await tick(target);
    expect(await drain(target, 'reader')).toEqual([]);
    await holder.query('COMMIT');
    await moving;
    await tick(target);
    expect(await drain(target, 'reader')).toEqual(some.map(({ data }) => data));
  });

  test('a queue splitter splits', async () => {
    const source = await originalQueue();
    const target = await database('original', ['left', 'right']);
    await insertEvents(source, some);
    await runJob({ kind: 'queue_splitter', source: source.url, target: target.url, queue: 'q' });
    const all = await eventsOf(source);
    expect(await eventsOf(target, 'left')).toEqual(all.filter((_, nr) => nr % 3 === 0));
    expect(await eventsOf(target, 'right')).toEqual(all.filter((_, nr) => nr % 3 !== 0));
  });

  test.each([
    ['simple_consumer', 10],
    ['simple_serial_consumer', 20],
  ])('a %s runs its query', async (kind, count) => {
    const source = await originalQueue();
    await source.query('CREATE TABLE done (id int, text text)');
    await insertEvents(source, some);
    const query = 'insert into done values (%(id)s, %(text)s)';
    await runJob({ kind, source: source.url, target: source.url, queue: 'q', query });
    expect(await source.value("SELECT count(*)::int FROM done WHERE text = 'it''s ä'")).toBe(count);
  });

  test('what a simple consumer sets aside comes again', async () => {
    const source = await originalQueue();
    await source.query('CREATE TABLE done (id int)');
    await insertEvents(source, some.slice(0, 3));
    const settings = {
      kind: 'simple_consumer',
      source: source.url,
      target: source.url,
      queue: 'q',
    };
    await runJob({ ...settings, query: 'insert into done values (1 / %(id)s)' });
    await source.query("UPDATE pgq.retry_queue SET ev_retry_after = now() - interval '1 s'");
    expect(await source.value('SELECT pgq.maint_retry_events()')).toBe(1);
    await tick(source);
    await runJob({ ...settings, query: 'insert into done values (%(id)s)' });
    expect(await source.rows('SELECT id FROM done ORDER BY id')).toEqual([{ id: 0 }, { id: 0 }]);
  });

  test.each([
    { kind: 'bulk_loader' },
    { kind: 'queue_loader', table_mode: 'direct' },
    { kind: 'cube_dispatcher', dateformat: '' },
  ])('$kind takes the rows of its triggers', async (settings) => {
    const table = 'CREATE TABLE a (id int PRIMARY KEY, note text)';
    const source = await originalQueue();
    await source.query(`${table}; CREATE TRIGGER q AFTER INSERT OR UPDATE OR DELETE ON a
      FOR EACH ROW EXECUTE PROCEDURE pgq.logutriga('q')`);
    const target = await server.database(`${trackingScript()}; ${table}`);
    await source.query("INSERT INTO a SELECT i, 'it''s ' || i FROM generate_series(1, 9) i");
    await source.query('UPDATE a SET note = NULL WHERE id < 4; DELETE FROM a WHERE id > 7');
    await tick(source);
    await runJob({ ...settings, source: source.url, target: target.url, queue: 'q' });
    const rows = 'SELECT id, note FROM a ORDER BY id';
    expect(await target.rows(rows)).toEqual(await source.rows(rows));
  });

  test.each(['consumer.before-commit', 'consumer.before-finish'])(
    'a mover killed at %s moves each event once',
    async (failpoint) => {
      const source = await originalQueue('mover');
      const target = await database('original', ['q']);
      const config = join(temporaryFolder(), 'sluice.toml');
      await writeFile(
        config,
        `[databases]\na = "${source.url}"\nb = "${target.url}"\n` +
          '[jobs.mover]\nkind = "queue_mover"\nsource = "a"\ntarget = "b"\nqueue = "q"\n',
      );
      const args = ['jobs', 'run', 'mover', '--once', '--config', config];
      await insertEvents(source, some);
      await crashSluice(args, failpoint);
      await insertEvents(source, [{ data: 'after' }]);
      expect(await runSluice(args)).toMatchObject({ exitCode: 0 });
      expect(await eventsOf(target)).toEqual(await eventsOf(source));
    },
  );
});
