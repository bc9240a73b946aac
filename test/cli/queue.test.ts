import { describe, expect, test } from 'vitest';
import { z } from 'zod';
import { installScript } from '../../src/queue/index.ts';
import { anyMajor, majors, postgres, waitFor, type TestDatabase } from '../kit/index.ts';
import { runHere, type Said } from './fake-io.ts';

const statusShape = z.object({
  consumers: z.array(z.object({ consumer: z.string(), lastTick: z.string() })),
});

async function queue(db: TestDatabase, ...args: readonly string[]): Promise<Said> {
  return runHere(['queue', ...args, '--db', db.url]);
}

async function said(db: TestDatabase, ...args: readonly string[]): Promise<string> {
  const { stdout, stderr, exitCode } = await queue(db, ...args);
  expect({ stderr, exitCode }).toEqual({ stderr: '', exitCode: 0 });
  return stdout;
}

/** A batch with one event, opened by `mailer`. */
async function openBatch(db: TestDatabase): Promise<{ batch: string; event: string }> {
  await db.query(`select pgq.insert_event('orders', 'placed', 'x')`);
  await db.query(`select pgq.force_tick('orders'); select pgq.ticker()`);
  const batch = await waitFor('a batch', () =>
    db.value<string | null>(`select pgq.next_batch('orders', 'mailer')`),
  );
  const event = await db.value<string>('select max(ev_id) from pgq.get_batch_events($1)', [batch]);
  return { batch, event };
}

describe.each(majors)('sluice queue on PostgreSQL %i', (major) => {
  const server = postgres(major);

  test('installs, makes, shows, sets, pauses and removes queues', async () => {
    const db = await server.database();
    expect(await said(db, 'install')).toBe('schema pgq is installed\n');
    expect(await said(db, 'install')).toBe('schema pgq is up to date\n');
    expect(await said(db, 'list')).toBe('no queue\n');
    expect(await said(db, 'create', 'orders')).toBe('orders: made\n');
    expect(await said(db, 'create', 'orders')).toBe('orders: was there\n');
    expect(await said(db, 'config', 'orders', 'rotation_period=30min')).toContain('00:30:00');
    expect(await said(db, 'pause', 'orders')).toBe('orders: paused\n');
    const [shown] = z.array(z.unknown()).parse(JSON.parse(await said(db, 'list', '--json')));
    expect(shown).toMatchObject({ queue: 'orders', consumers: 0, isPaused: true, table: '1/3' });
    expect(await said(db, 'list')).toMatch(/^orders .*paused$/m);
    expect(await said(db, 'resume', 'orders')).toBe('orders: resumed\n');
    expect(await said(db, 'drop', 'orders')).toBe('orders: removed\n');
    expect(await said(db, 'list')).toBe('no queue\n');
  });

  test('registers consumers, where another is too, and removes them', async () => {
    const db = await server.database(installScript());
    await said(db, 'create', 'orders');
    expect(await said(db, 'register', 'orders', 'mailer')).toBe('orders/mailer: registered\n');
    expect(await said(db, 'register', 'orders', 'mailer')).toBe('orders/mailer: was registered\n');
    const { batch } = await openBatch(db);
    await db.query('select pgq.finish_batch($1)', [batch]);
    await said(db, 'register', 'orders', 'copy', '--like', 'mailer');
    const { consumers } = statusShape.parse(
      JSON.parse(await said(db, 'status', 'orders', '--json')),
    );
    expect(consumers.map(({ consumer }) => consumer)).toEqual(['copy', 'mailer']);
    expect(consumers[0]!.lastTick).toBe(consumers[1]!.lastTick);
    expect((await queue(db, 'drop', 'orders')).stderr).toContain(
      'queue orders has consumers: copy, mailer',
    );
    expect(await said(db, 'unregister', 'orders', 'copy')).toBe('orders/copy: removed\n');
    expect((await queue(db, 'unregister', 'orders', 'copy')).stderr).toContain(
      'queue orders has no consumer copy',
    );
    expect(await said(db, 'drop', 'orders', '--force')).toBe('orders: removed\n');
  });

  test('shows what is late and dead, and gives it back', async () => {
    const db = await server.database(installScript());
    await said(db, 'create', 'orders');
    await said(db, 'register', 'orders', 'mailer');
    const late = await openBatch(db);
    await db.query('select pgq.event_retry($1, $2, 3600)', [late.batch, late.event]);
    await db.query('select pgq.finish_batch($1)', [late.batch]);
    expect(await said(db, 'retry', 'orders')).toMatch(/^orders\/mailer +1 +placed +1 /m);
    expect(await said(db, 'status')).toMatch(/^orders\/mailer .* 1 +0$/m);
    expect(await said(db, 'retry', 'orders', 'mailer', '--now')).toBe('1 event is due now\n');
    expect(await db.value('select pgq.maint_retry_events()')).toBe(1);

    const dead = await openBatch(db);
    await db.query(
      `select pgq.set_aside_events($1, array[$2]::int8[], '{dead}', '{0}', '{"no such order"}')`,
      [dead.batch, dead.event],
    );
    await db.query('select pgq.finish_batch($1)', [dead.batch]);
    expect(await said(db, 'dead', 'orders')).toMatch(/^orders\/mailer .*no such order +x$/m);
    expect(await said(db, 'redrive', 'orders', 'mailer')).toBe('1 event comes again\n');
    expect(await said(db, 'dead', 'orders')).toBe('no dead event\n');
    expect(await said(db, 'retry', 'orders')).toMatch(/^orders\/mailer /m);
  });
});

describe('sluice queue', () => {
  const server = postgres(anyMajor);

  test('says what is missing', async () => {
    const db = await server.database();
    expect(await runHere(['queue', 'list'])).toMatchObject({ exitCode: 2 });
    const bare = await queue(db, 'list');
    expect(bare).toMatchObject({ exitCode: 1, stdout: '' });
    expect(bare.stderr).toContain('has no schema pgq');
    await said(db, 'install');
    for (const verb of ['drop', 'config', 'pause', 'status', 'retry', 'dead']) {
      expect((await queue(db, verb, 'nothing')).stderr, verb).toContain(
        'there is no queue nothing',
      );
    }
    await said(db, 'create', 'orders');
    expect((await queue(db, 'config', 'orders', 'max_count=1')).stderr).toContain(
      'a queue has no setting max_count',
    );
    expect(await queue(db, 'config', 'orders', 'max_count')).toMatchObject({ exitCode: 2 });
  });

  test('shows ages in the units that they are in', async () => {
    const db = await server.database(
      `${installScript()}; select pgq.create_queue('q'), pgq.register_consumer('q', 'c');
       update pgq.tick_log set tick_time = now() - interval '2 h 5 min'`,
    );
    expect(await said(db, 'list')).toMatch(/ 2 h 05 min ago /);
    expect(await said(db, 'status')).toMatch(/ 2 h 05 min ago /);
  });

  test('counts the first event, and those for later', async () => {
    const db = await server.database(`${installScript()}; select pgq.create_queue('q')`);
    const shown = async () => (await said(db, 'status', 'q')).split('\n')[1];
    expect(await shown()).toMatch(/^q +0 +0 /);
    await db.query(`select pgq.insert_event('q', 't', 'd')`);
    await db.query(`select pgq.insert_event_at('q', now() + interval '1 h', 't', 'd')`);
    expect(await shown()).toMatch(/^q +2 +1 /);
    expect(await said(db, 'list')).toMatch(/^q +0 +2 /m);
    await said(db, 'register', 'q', 'c');
    expect(await said(db, 'status', 'q')).toMatch(/^q\/c +0 /m);
    await db.query(`update pgq.queue set queue_ticker_max_lag = '0'; select pgq.ticker()`);
    expect(await said(db, 'status', 'q')).toMatch(/^q\/c +2 /m);
  });

  test('install --tracking says whether it is new', async () => {
    const db = await server.database();
    expect(await said(db, 'install', '--tracking')).toBe('schema pgq_ext is installed\n');
    expect(await said(db, 'install', '--tracking')).toBe('schema pgq_ext is up to date\n');
  });

  test('schedule list shows the time of the last event, once there was one', async () => {
    const db = await server.database(`${installScript()}; select pgq.create_queue('q')`);
    await said(db, 'schedule', 'set', 'nightly', 'q', '0 3 * * *', 'tidy');
    expect(await said(db, 'schedule', 'list')).toMatch(/ UTC +- +tidy$/m);
    await db.query(`update pgq.scheduled_event set sch_last = '2026-01-01 03:00:00Z'`);
    expect(await said(db, 'schedule', 'list')).toMatch(/ UTC +2026-01-01T03:00:00.000Z +tidy$/m);
  });

  test('--print gives the SQL that installs it', async () => {
    const { stdout } = await runHere(['queue', 'install', '--print']);
    expect(stdout).toBe(installScript());
  });
});
