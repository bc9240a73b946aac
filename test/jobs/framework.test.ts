import { onTestFinished, describe, expect, test } from 'vitest';
import { jobSchema, makeJob, type Job } from '../../src/jobs/index.ts';
import { createLog, Metrics, silentLog, silentProgress } from '../../src/service/index.ts';
import { postgres, waitFor, type TestDatabase } from '../kit/index.ts';
import { describeService } from '../service/conformance.ts';
import { eventsOf, insertEvents, queueDatabase } from './databases.ts';

const server = postgres();

function make(settings: Record<string, unknown>, metrics = new Metrics(), log = silentLog): Job {
  const plan = {
    name: 'job',
    config: jobSchema.parse(settings),
    connectionOf: (connection: string) => Promise.resolve(connection),
    once: false,
  };
  return makeJob(plan, { log, metrics, progress: silentProgress });
}

const mover = (source: TestDatabase, target: TestDatabase) => ({
  kind: 'queue_mover',
  source: source.url,
  target: target.url,
  queue: 'q',
});

const maintainer = (database: TestDatabase) => ({
  kind: 'data_maintainer',
  source: database.url,
  get_pk_list: 'select 1 as id',
  modify: 'update t set n = n + %(id)s',
  loop_delay: '10ms',
});

describeService('a job that reads a queue', async () => ({
  service: make(mover(await queueDatabase(server), await queueDatabase(server))),
}));

describeService('a job that loops', async () => ({
  service: make(maintainer(await server.database('CREATE TABLE t AS SELECT 0 AS n'))),
}));

async function moving(settings: Record<string, unknown> = {}) {
  const source = await queueDatabase(server);
  const target = await queueDatabase(server);
  await source.query("SELECT pgq.register_consumer('q', 'job')");
  const metrics = new Metrics();
  const job = make({ ...mover(source, target), ...settings }, metrics);
  job.start();
  onTestFinished(() => job.stop());
  const moved = (count: number) =>
    waitFor(`${count} events`, async () => (await eventsOf(target)).length === count);
  return { source, target, job, metrics, moved };
}

describe('a job', () => {
  test('goes on when its connections are cut', async () => {
    const { source, job, moved } = await moving();
    await insertEvents(source, [{ data: 'a' }]);
    await moved(1);
    await server.query(
      "SELECT pg_terminate_backend(pid) FROM pg_stat_activity WHERE application_name LIKE 'sluice%'",
    );
    await insertEvents(source, [{ data: 'b' }]);
    await moved(2);
    await job.stop();
    expect(job.status().totals['count']).toBe(2);
  });

  test('makes its connections anew when they are old', async () => {
    const { source, moved } = await moving({ connection_lifetime: '100ms' });
    const backends = new Set<unknown>();
    await insertEvents(source, [{ data: 'a' }]);
    await moved(1);
    await waitFor('other connections', async () => {
      const rows = await source.rows(
        "SELECT pid FROM pg_stat_activity WHERE datname = current_database() AND application_name LIKE 'sluice%'",
      );
      for (const { pid } of rows) backends.add(pid);
      return backends.size > 4;
    });
    await insertEvents(source, [{ data: 'b' }]);
    await moved(2);
  });

  test('says what is in its way, and what it has counted', async () => {
    const { source, target, job, metrics, moved } = await moving({ target_queue: 'other' });
    await insertEvents(source, [{ data: 'a' }, { data: 'b' }]);
    await waitFor('its trouble', () => job.trouble !== undefined);
    expect(job.status().trouble).toContain('JOBS_NO_QUEUE: queue other');
    await target.query("SELECT pgq.create_queue('other')");
    await waitFor('the events', async () => (await eventsOf(target, 'other')).length === 2);
    expect(job.trouble).toBeUndefined();
    await moved(0);
    const counted = await metrics.value('sluice_jobs_counted_rows_total', {
      job: 'job',
      what: 'count',
    });
    expect(counted).toBe(2);
    expect(await metrics.value('sluice_jobs_work_seconds_total', { job: 'job' })).toBeGreaterThan(
      0,
    );
  });

  test('ends with what needs a person', async () => {
    const source = await queueDatabase(server);
    const job = make({ ...mover(source, await server.database()), queue: 'none' });
    job.start();
    await expect(job.finished).rejects.toMatchObject({ code: 'QUEUE_NOT_FOUND' });
  });

  test.each(['active', 'idle'])(
    'that loops goes on when its %s connection is cut',
    async (state) => {
      const database = await server.database('CREATE TABLE t AS SELECT 0 AS n');
      const lines: string[] = [];
      const log = createLog({ write: (line) => void lines.push(line) });
      const slow = { fetch_count: 1, modify: 'update t set n = n + %(id)s; select pg_sleep(0.2)' };
      const job = make({ ...maintainer(database), ...slow }, new Metrics(), log);
      job.start();
      onTestFinished(() => job.stop());
      const more = async () => {
        const before = await database.value<number>('SELECT n FROM t');
        const isMore = async () => (await database.value<number>('SELECT n FROM t')) > before;
        await waitFor('more to be done', isMore);
      };
      await more();
      await waitFor('it to notice', async () => {
        await database.query(
          `SELECT pg_terminate_backend(pid) FROM pg_stat_activity WHERE datname = current_database()
          AND application_name LIKE 'sluice%' AND state = $1 AND xact_start IS NOT NULL = ($1 = 'active')`,
          [state],
        );
        return lines.some((line) => line.includes('begins anew'));
      });
      await more();
    },
  );
});
