import { describe, expect, test } from 'vitest';
import { majors, postgres } from '../kit/index.ts';
import { insertEvents, queueDatabase, targetDatabase, tick } from './databases.ts';
import { JobFailure, runJob } from './run-job.ts';

const doneTable = 'CREATE TABLE done (nr serial, what text)';
const query = "insert into done (what) values (%(pgq.ev_type)s || ' ' || coalesce(%(text)s, '?'))";

const rows = [
  { type: 'I:id', data: "id=1&text=it's+100%25", extra1: 'public.a' },
  { type: 'note', data: 'text=no+row', extra1: 'public.a' },
  { type: 'U:id', data: 'id=1&text', extra1: 'public.b' },
];

describe.each(majors)('on PostgreSQL %i', (major) => {
  const server = postgres(major);

  async function databases() {
    const [source, target] = [await queueDatabase(server), await targetDatabase(server, doneTable)];
    await source.query("SELECT pgq.register_consumer('q', 'job')");
    const done = async () =>
      (await target.rows('SELECT what FROM done ORDER BY nr')).map((row) => row['what']);
    return {
      source,
      target,
      done,
      settings: { source: source.url, target: target.url, queue: 'q', query },
    };
  }

  test('a simple serial consumer runs its query for every event', async () => {
    const { source, done, settings } = await databases();
    await insertEvents(source, rows);
    await runJob({ kind: 'simple_serial_consumer', ...settings });
    expect(await done()).toEqual(["I:id it's 100%", 'note no row', 'U:id ?']);
  });

  test('a simple serial consumer does all of a batch or nothing', async () => {
    const { source, done, settings } = await databases();
    await insertEvents(source, [...rows, { type: 'I:id', data: 'id=2' }]);
    const failing = runJob({ kind: 'simple_serial_consumer', ...settings });
    await expect(failing).rejects.toThrow(JobFailure);
    await expect(failing).rejects.toThrow(/JOBS_QUERY_FIELD.*there is no value for %\(text\)s/);
    expect(await done()).toEqual([]);
  });

  test('a simple consumer runs its query for changes of rows', async () => {
    const { source, done, settings } = await databases();
    await insertEvents(source, rows);
    await runJob({ kind: 'simple_consumer', ...settings });
    expect(await done()).toEqual(["I:id it's 100%", 'U:id ?']);
  });

  test('a simple consumer sets aside the event whose query fails', async () => {
    const { source, done, settings } = await databases();
    await insertEvents(source, [{ type: 'I:id', data: 'id=1' }, ...rows]);
    await runJob({ kind: 'simple_consumer', ...settings });
    expect(await done()).toEqual(["I:id it's 100%", 'U:id ?']);
    await source.query("UPDATE pgq.retry_queue SET ev_retry_after = now() - interval '1 s'");
    expect(await source.value('SELECT pgq.maint_retry_events()')).toBe(1);
    await tick(source);
    await runJob({
      kind: 'simple_consumer',
      ...settings,
      query: "insert into done (what) values ('again')",
    });
    expect((await done()).slice(2)).toEqual(['again']);
  });

  test('tables and a filter choose events', async () => {
    const { source, done, settings } = await databases();
    await insertEvents(source, rows);
    const chosen = { tables: ['public.a'], filter: "ev_type like 'I:%' -- only new ones" };
    const { status } = await runJob({ kind: 'simple_serial_consumer', ...settings, ...chosen });
    expect(await done()).toEqual(["I:id it's 100%"]);
    expect(status.totals['count']).toBe(1);
  });
});
