import { expect, test } from 'vitest';
import {
  installScript,
  listSchedules,
  QueueKeeper,
  removeSchedule,
  setSchedule,
} from '../../../src/queue/index.ts';
import { Metrics, silentLog } from '../../../src/service/index.ts';
import { anyMajor, postgres, waitFor, type TestDatabase } from '../../kit/index.ts';

const server = postgres(anyMajor);
const tidy = {
  name: 'tidy',
  queue: 'chores',
  cron: '0 3 * * *',
  timeZone: 'Europe/Tallinn',
  type: 'tidy',
  data: 'all',
};

async function chores(): Promise<TestDatabase> {
  const db = await server.database(installScript());
  await db.query(`select pgq.create_queue('chores')`);
  return db;
}

async function keep(db: TestDatabase): Promise<QueueKeeper> {
  const options = { database: db.name, connection: db.url };
  const keeper = new QueueKeeper(options, { log: silentLog, metrics: new Metrics() });
  keeper.start();
  await keeper.ready;
  return keeper;
}

const count = `select count(*)::int from pgq.event_1 where ev_type = 'tidy' and ev_data = 'all'`;

test('what was missed comes once, for the last time that was missed, whoever of two inserts it', async () => {
  const db = await chores();
  await setSchedule(db, tidy);
  await db.query(`update pgq.scheduled_event set sch_last = now() - interval '10 days'`);
  const keepers = await Promise.all([keep(db), keep(db)]);
  await waitFor('the event', async () => (await db.value<number>(count)) === 1);
  const [schedule] = await listSchedules(db);
  const hour = new Intl.DateTimeFormat('en-GB', { hour: 'numeric', timeZone: tidy.timeZone });
  expect(hour.format(schedule!.lastMs)).toBe('03');
  expect(Date.now() - schedule!.lastMs).toBeLessThan(25 * 3600 * 1000);
  const { lastMs, last } = schedule!;
  const again = 'select pgq.insert_scheduled_event($1, $2::timestamptz, now())';
  expect(await db.value(again, ['tidy', '2020-01-01'])).toBe(0);
  expect(await db.value(count)).toBe(1);
  expect(new Date(last).getTime()).toBe(lastMs);
  await Promise.all(keepers.map((keeper) => keeper.stop()));
});

test('a schedule that is made while the ticker runs gives its events', async () => {
  const db = await chores();
  const keeper = await keep(db);
  await setSchedule(db, { ...tidy, cron: '* * * * * *' });
  await waitFor('three events', async () => (await db.value<number>(count)) >= 3);
  expect(await removeSchedule(db, 'tidy')).toBe(true);
  expect(await removeSchedule(db, 'tidy')).toBe(false);
  expect(await listSchedules(db)).toEqual([]);
  await keeper.stop();
});

test('what means nothing is refused, and does not keep others from coming', async () => {
  const db = await chores();
  for (const wrong of [{ cron: '61 * * * *' }, { cron: 'often' }, { timeZone: 'Mars/Olympus' }]) {
    await expect(setSchedule(db, { ...tidy, ...wrong })).rejects.toMatchObject({
      code: 'QUEUE_SCHEDULE',
    });
  }
  await expect(setSchedule(db, { ...tidy, queue: 'none' })).rejects.toMatchObject({
    code: 'QUEUE_NOT_FOUND',
  });
  await db.query(`select pgq.schedule_event('wrong', 'chores', 'often', 'x')`);
  await setSchedule(db, { ...tidy, cron: '* * * * * *' });
  const keeper = await keep(db);
  await waitFor('an event', async () => (await db.value<number>(count)) >= 1);
  await keeper.stop();
});

test('the event of a queue that takes none waits, and keeps no other from coming', async () => {
  const db = await chores();
  await db.query(`
    select pgq.create_queue('closed');
    update pgq.queue set queue_disable_insert = true where queue_name = 'closed';
    select pgq.create_queue('full');
    update pgq.queue set queue_per_tx_limit = 0 where queue_name = 'full'`);
  await setSchedule(db, { ...tidy, name: 'a', queue: 'closed', cron: '* * * * * *' });
  await setSchedule(db, { ...tidy, name: 'b', queue: 'full', cron: '* * * * * *' });
  await setSchedule(db, { ...tidy, cron: '* * * * * *' });
  const keeper = await keep(db);
  await waitFor('two events', async () => (await db.value<number>(count)) >= 2);
  expect(keeper.status().state).toBe('keeping');
  await db.query('update pgq.queue set queue_disable_insert = false');
  await waitFor(
    'its event',
    async () => (await db.value<number>(`select count(*)::int from pgq.event_2`)) >= 1,
  );
  await keeper.stop();
});
