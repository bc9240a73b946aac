import type { Client } from 'pg';
import { describe, expect, test } from 'vitest';
import { installScript, QueueKeeper } from '../../../src/queue/index.ts';
import { Metrics, silentLog } from '../../../src/service/index.ts';
import { anyMajor, majors, postgres, waitFor, within, type TestDatabase } from '../../kit/index.ts';
import { describeService } from '../../service/conformance.ts';

function keeperOf(database: TestDatabase): QueueKeeper {
  return new QueueKeeper(
    { database: database.name, connection: database.url },
    { log: silentLog, metrics: new Metrics() },
  );
}

async function shop(server: ReturnType<typeof postgres>): Promise<TestDatabase> {
  const database = await server.database(installScript());
  await database.query(
    `select pgq.create_queue('orders'); select pgq.register_consumer('orders', 'mailer')`,
  );
  return database;
}

async function started(database: TestDatabase): Promise<QueueKeeper> {
  const keeper = keeperOf(database);
  keeper.start();
  await within('ready', keeper.ready);
  return keeper;
}

async function becomes(keeper: QueueKeeper, state: 'awake' | 'settling' | 'asleep'): Promise<void> {
  await waitFor(`the queue to be ${state}`, () =>
    Promise.resolve(keeper.status().queues[state] === 1),
  );
}

const placed = `select pgq.insert_event('orders', 'placed', $1)`;

/** The events of the next batch; none when there is no batch yet. */
async function takeBatch(database: TestDatabase): Promise<string[]> {
  const batch = await database.value<string | null>(`select pgq.next_batch('orders', 'mailer')`);
  if (batch === null) return [];
  const rows = await database.rows<{ ev_data: string }>(
    'select ev_data from pgq.get_batch_events($1)',
    [batch],
  );
  await database.query('select pgq.finish_batch($1)', [batch]);
  return rows.map((row) => row.ev_data);
}

async function nextEvents(database: TestDatabase): Promise<string[]> {
  return waitFor('a batch with events', async () => {
    const events = await takeBatch(database);
    return events.length > 0 ? events : null;
  });
}

/** Leaves a transaction open whose insert has told nobody, because the ticker was awake. */
async function insertSilently(database: TestDatabase, client: Client, data: string): Promise<void> {
  const isAwake = async (): Promise<boolean> => {
    const { rows } = await client.query<{ awake: boolean }>(
      'select last_value & 32 = 0 as awake from pgq.event_1_state',
    );
    return rows[0]!.awake;
  };
  await waitFor('an insert while the ticker is awake', async () => {
    await database.query(placed, ['wakes it']);
    await client.query('begin');
    const wasAwake = await isAwake();
    await client.query(placed, [data]);
    if (wasAwake && (await isAwake())) return true;
    await client.query('rollback');
    return false;
  });
}

describe.each(majors)('the ticker on PostgreSQL %i', (major) => {
  const server = postgres(major);

  test('gives a lone event of a sleeping queue its tick', async () => {
    const database = await shop(server);
    const keeper = await started(database);
    await becomes(keeper, 'asleep');
    await database.query(placed, ['first']);
    expect(await nextEvents(database)).toEqual(['first']);
    await becomes(keeper, 'asleep');
    await database.query(placed, ['second']);
    expect(await nextEvents(database)).toEqual(['second']);
    await keeper.stop();
  });

  test('does not sleep through a commit of what was inserted before it fell asleep', async () => {
    const database = await shop(server);
    const keeper = await started(database);
    const late = await database.client();
    await becomes(keeper, 'asleep');
    await insertSilently(database, late, 'late');
    await becomes(keeper, 'settling');
    await late.query('commit');
    await waitFor('its event', async () => (await nextEvents(database)).includes('late'));
    await becomes(keeper, 'asleep');
    await late.end();
    await keeper.stop();
  });

  test('asks for a NOTIFY only while it sleeps, and nobody sends one when no ticker lives', async () => {
    const database = await shop(server);
    const listener = await database.client();
    const heard: string[] = [];
    listener.on('notification', ({ payload }) => heard.push(payload ?? ''));
    await listener.query('listen pgq_wake');
    const flush = async (): Promise<number> => {
      await database.query(`select pg_notify('pgq_wake', 'end')`);
      await waitFor('the end', () => Promise.resolve(heard.at(-1) === 'end'));
      return heard.splice(0).length - 1;
    };
    await database.query(placed, ['no ticker yet']);
    expect(await flush()).toBe(0);

    const keeper = await started(database);
    await becomes(keeper, 'asleep');
    await database.query(placed, ['asleep']);
    expect(await flush()).toBe(1);
    await becomes(keeper, 'asleep');
    await database.query('begin');
    for (let i = 0; i < 20; i++) await database.query(placed, ['many in a transaction']);
    await database.query('commit');
    expect(await flush()).toBe(1);
    await becomes(keeper, 'asleep');
    await keeper.stop();
    await database.query(placed, ['the ticker is dead']);
    expect(await flush()).toBe(0);
    await listener.end();
  });

  test('of two for one database, one works; the other takes over', async () => {
    const database = await shop(server);
    const first = await started(database);
    await becomes(first, 'asleep');
    const second = await started(database);
    expect(second.status().state).toBe('standing by');
    // It would keep dead rows from being removed, everywhere in the database.
    expect(
      await database.rows(`
        select query from pg_stat_activity
         where datname = current_database() and backend_xmin is not null and pid <> pg_backend_pid()
           and application_name ~ 'queue ticker' and query ~ 'lock'`),
    ).toEqual([]);
    await first.stop();
    await becomes(second, 'asleep');
    await database.query(placed, ['after']);
    expect(await nextEvents(database)).toEqual(['after']);
    await second.stop();
  });

  test('a queue made while it sleeps is found by its first event', async () => {
    const database = await shop(server);
    const keeper = await started(database);
    await becomes(keeper, 'asleep');
    await database.query(`select pgq.create_queue('later')`);
    await database.query(`select pgq.register_consumer('later', 'mailer')`);
    await database.query(`select pgq.insert_event('later', 'placed', 'x')`);
    await waitFor('its tick', async () => {
      const batch = await database.value(`select pgq.next_batch('later', 'mailer')`);
      return batch !== null;
    });
    await keeper.stop();
  });

  test('many writers, transactions of all lengths: each committed event in one batch', async () => {
    const database = await shop(server);
    const keeper = await started(database);
    const committed = new Set<string>();
    const writers = Array.from({ length: 6 }, async (_, writer) => {
      const client = await database.client();
      for (let i = 0; i < 40; i++) {
        const names = Array.from({ length: 1 + (i % 3) }, (_unused, n) => `${writer}.${i}.${n}`);
        await client.query('begin');
        for (const name of names) await client.query(placed, [name]);
        if (i % 7 === 3) await client.query('select pg_sleep(0.2)');
        const isKept = i % 5 !== 4;
        await client.query(isKept ? 'commit' : 'rollback');
        if (isKept) for (const name of names) committed.add(name);
      }
      await client.end();
    });
    const seen: string[] = [];
    let isWriting = true;
    const writing = Promise.all(writers).finally(() => (isWriting = false));
    await waitFor('all events', async () => {
      seen.push(...(await takeBatch(database)));
      return !isWriting && seen.length >= committed.size;
    });
    await writing;
    expect(seen.toSorted()).toEqual([...committed].toSorted());
    await keeper.stop();
  });
});

const server = postgres(anyMajor);

test.each([
  ['ticked', `select pgq.ticker('slow')`],
  ['dropped', `select pgq.drop_queue('slow')`],
])('a queue that is being %s, for however long, keeps no other waiting', async (_what, sql) => {
  const database = await shop(server);
  await database.query(`select pgq.create_queue('slow')`);
  const slow = await database.client();
  await slow.query('begin');
  await slow.query(sql);
  const keeper = await started(database);
  await database.query(placed, ['in time']);
  expect(await nextEvents(database)).toEqual(['in time']);
  await database.query(
    `select pgq.insert_event_at('orders', now() + interval '10 ms', 't', 'late')`,
  );
  expect(await nextEvents(database)).toEqual(['late']);
  await slow.query('rollback');
  await slow.end();
  await keeper.stop();
});

test('a queue whose name no NOTIFY can hold is ticked as all others are', async () => {
  const database = await shop(server);
  const keeper = await started(database);
  await database.query(`select pgq.create_queue(repeat('é', 5000))`);
  await database.query(`select pgq.register_consumer(repeat('é', 5000), 'c')`);
  await database.query(`select pgq.insert_event(repeat('é', 5000), 't', 'd')`);
  await waitFor('its tick', async () => {
    const batch = await database.value(`select pgq.next_batch(repeat('é', 5000), 'c')`);
    return batch !== null;
  });
  expect(keeper.status().state).toBe('keeping');
  await keeper.stop();
});

describeService('QueueKeeper', async () => {
  const database = await shop(server);
  return { service: keeperOf(database) };
});
