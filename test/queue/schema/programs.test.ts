import { spawn } from 'node:child_process';
import { once } from 'node:events';
import { existsSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { describe, expect, onTestFinished, test } from 'vitest';
import { installScript } from '../../../src/queue/index.ts';
import { majors, postgres, temporaryFolder, waitFor, type TestDatabase } from '../../kit/index.ts';

const python = '/usr/bin/python3';
const pgqd = '/usr/bin/pgqd';

describe.each(majors)('on PostgreSQL %i', (major) => {
  const server = postgres(major);

  test.skipIf(!existsSync(pgqd))(
    "the original's daemon ticks, retries and rotates (Debian: pgqd)",
    async () => {
      const database = await publicQueue();
      await database.query(`select pgq.register_consumer('q', 'c')`);
      await database.query(`select pgq.insert_event('q', 'type', 'data')`);
      await startPgqd(database);

      const batch = await nextBatch(database);
      await database.query('select pgq.event_retry($1, 1, 0)', [batch]);
      await database.query('select pgq.finish_batch($1)', [batch]);
      await waitFor('the event to come again', async () => {
        const id = await nextBatch(database);
        const retried = await database.rows('select ev_retry from pgq.get_batch_events($1)', [id]);
        await database.query('select pgq.finish_batch($1)', [id]);
        return retried[0]?.['ev_retry'] === 1;
      });
      await waitFor('the tables to rotate', async () => {
        await database.query('select pgq.finish_batch($1)', [await nextBatch(database)]);
        return (await database.value('select queue_cur_table from pgq.queue')) !== 0;
      });
    },
  );

  test.skipIf(!existsSync('/usr/lib/python3/dist-packages/pgq'))(
    "a consumer of the original's Python stack handles events (Debian: python3-pgq)",
    async () => {
      const database = await publicQueue();
      const folder = temporaryFolder();
      writeFileSync(join(folder, 'consumer.py'), consumerProgram);
      writeFileSync(
        join(folder, 'consumer.ini'),
        `[handler]\njob_name = handler\ndb = ${conninfo(database)}\nqueue_name = q\nconsumer_name = c\n` +
          'loop_delay = 0.1\nlogfile =\npidfile =\nuse_skylog = 0\n',
      );
      const run = (...args: string[]) =>
        start(python, ['consumer.py', 'consumer.ini', ...args], folder);
      await once(run('--register'), 'exit');
      await database.query(
        `select pgq.insert_event('q', 'once', 'a'), pgq.insert_event('q', 'again', 'b')`,
      );
      run();
      await waitFor('both events', async () => {
        await database.query('update pgq.retry_queue set ev_retry_after = now()');
        await database.query('select pgq.maint_retry_events()');
        await database.query('select pgq.tick_eagerly(array[1])');
        return (await database.rows('select from public.handled')).length === 2;
      });
      expect(await database.rows('select * from public.handled order by 1')).toEqual([
        { type: 'again', data: 'b', retry: 1 },
        { type: 'once', data: 'a', retry: null },
      ]);
    },
  );

  async function publicQueue(): Promise<TestDatabase> {
    return server.database(`${installScript()}
      select pgq.create_queue('q');
      select pgq.set_queue_config('q', 'rotation_period', '0 seconds');
      select pgq.set_queue_config('q', 'ticker_max_lag', '0 seconds');
      create table public.handled (type text, data text, retry int);`);
  }

  async function startPgqd(database: TestDatabase): Promise<void> {
    const folder = temporaryFolder();
    writeFileSync(
      join(folder, 'pgqd.ini'),
      `[pgqd]\nbase_connstr = host=127.0.0.1 port=${server.port} user=postgres\n` +
        `initial_database = ${database.name}\ndatabase_list = ${database.name}\nsyslog = 0\n` +
        `logfile =\npidfile = ${join(folder, 'pid')}\n` +
        'check_period = 1\nmaint_period = 1\nretry_period = 1\nticker_period = 1\n',
    );
    start(pgqd, ['pgqd.ini'], folder);
  }

  function conninfo(database: TestDatabase): string {
    return `host=127.0.0.1 port=${server.port} user=postgres dbname=${database.name}`;
  }
});

const consumerProgram = `
import sys
import pgq

class Handler(pgq.Consumer):
    def process_event(self, db, ev):
        if ev.type == 'again' and not ev.retry:
            ev.tag_retry(0)
            return
        db.cursor().execute('insert into public.handled values (%s, %s, %s)', (ev.type, ev.data, ev.retry))

Handler('handler', 'db', sys.argv[1:]).start()
`;

/** Ends with the test. */
function start(program: string, args: string[], cwd: string) {
  const child = spawn(program, args, { cwd, stdio: 'ignore' });
  onTestFinished(async () => {
    if (child.exitCode !== null || child.signalCode !== null) return;
    const exited = once(child, 'exit');
    child.kill('SIGTERM');
    await exited;
  });
  return child;
}

async function nextBatch(database: TestDatabase): Promise<unknown> {
  let batch: unknown = null;
  await waitFor('a batch', async () => {
    batch = await database.value(`select pgq.next_batch('q', 'c')`);
    return batch !== null;
  });
  return batch;
}
