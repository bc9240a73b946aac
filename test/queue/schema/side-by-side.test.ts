import type { Client } from 'pg';
import { describe, expect, test } from 'vitest';
import { majors, postgres, waitFor, type TestDatabase } from '../../kit/index.ts';
import { compact, drain, queueDatabase, register, rotate, tick } from './queues.ts';

const producers = 4;
const transactions = 60;

describe.each(majors)('on PostgreSQL %i', (major) => {
  const server = postgres(major);

  test('producers, two processes of each consumer, ticker, rotation and compaction, all at once', async () => {
    const database = await queueDatabase(server);
    await database.query(`
      create table public.published (data text primary key);
      create table public.handled (consumer text, ev_id bigint, data text, primary key (consumer, ev_id))`);
    await register(database, 'first');
    await register(database, 'second');
    const work = { isDone: false };

    const publishing = Promise.all(
      Array.from({ length: producers }, async (_, nr) => produce(await database.client(), nr)),
    ).finally(() => (work.isDone = true));
    const keeping = keep(database, work);
    const consuming = ['first', 'first', 'second', 'second'].map(async (consumer) =>
      consume(await database.client(), consumer, work),
    );
    await publishing;
    await Promise.all([keeping, ...consuming]);

    await tick(database);
    for (const consumer of ['first', 'second']) {
      const client = await database.client();
      while (await handleBatch(client, consumer));
    }
    const missed = await database.rows(`
      select c.consumer, p.data from public.published p cross join (values ('first'), ('second')) c (consumer)
      except select consumer, data from public.handled`);
    expect(missed).toEqual([]);
    const { published, handled } = (
      await database.rows(`
        select (select count(*)::int from public.published) as published,
               (select count(*)::int from public.handled) as handled`)
    )[0]!;
    expect(published).toBeGreaterThan(0);
    expect(handled).toBe(Number(published) * 2);
  });

  test('of two processes with one name one opens the batch, the other waits and gets the same', async () => {
    const database = await queueDatabase(server);
    await register(database, 'c');
    await database.query(`select pgq.insert_event('q', 't', 'one')`);
    await tick(database);
    const [first, second] = [await database.client(), await database.client()];
    await first.query('begin');
    const { rows } = await first.query(`select pgq.next_batch('q', 'c') as batch`);
    const waiting = second.query(`select pgq.next_batch('q', 'c') as batch`);
    await isWaiting(database);
    await first.query('commit');
    expect((await waiting).rows).toEqual(rows);
  });

  test('of two that finish a batch the second finds it finished', async () => {
    const database = await queueDatabase(server);
    await register(database, 'c');
    await tick(database);
    const batch = await database.value(`select pgq.next_batch('q', 'c')`);
    const [first, second] = [await database.client(), await database.client()];
    await first.query('begin');
    expect(await finish(first, batch)).toBe(1);
    const waiting = finish(second, batch);
    await isWaiting(database);
    await first.query('commit');
    expect(await waiting).toBe(0);
  });

  test('a batch whose finish is rolled back is still open', async () => {
    const database = await queueDatabase(server);
    await register(database, 'c');
    await tick(database);
    const batch = await database.value(`select pgq.next_batch('q', 'c')`);
    const first = await database.client();
    await first.query('begin');
    await finish(first, batch);
    await first.query('rollback');
    expect(await database.value(`select pgq.next_batch('q', 'c')`)).toBe(batch);
    expect(await database.value('select pgq.finish_batch($1)', [batch])).toBe(1);
  });

  test('to look for a batch where there is none writes nothing', async () => {
    const database = await queueDatabase(server);
    await register(database, 'c');
    await drain(database, 'c');
    const client = await database.client();
    await client.query('begin');
    await client.query(`select pgq.next_batch('q', 'c')`);
    const { rows } = await client.query('select txid_current_if_assigned() as txid');
    expect(rows).toEqual([{ txid: null }]);
    await client.query('rollback');
  });

  test('a transaction that is open over many ticks is in the batch after its commit', async () => {
    const database = await queueDatabase(server);
    await register(database, 'c');
    const long = await database.client();
    await long.query('begin');
    await long.query(`select pgq.insert_event('q', 't', 'long')`);
    for (let round = 0; round < 30; round += 1) {
      await database.query(`select pgq.insert_event('q', 't', $1)`, [String(round)]);
      await tick(database);
      await rotate(database);
    }
    expect(await drain(database, 'c')).toEqual(Array.from({ length: 30 }, (_, nr) => String(nr)));
    await long.query('commit');
    await tick(database);
    expect(await drain(database, 'c')).toEqual(['long']);
  });
});

async function produce(client: Client, nr: number): Promise<void> {
  for (let round = 0; round < transactions; round += 1) {
    await client.query(
      `begin isolation level ${round % 3 === 0 ? 'repeatable read' : 'read committed'}`,
    );
    for (let event = 0; event <= round % 4; event += 1) {
      const data = `${nr} ${round} ${event}`;
      await client.query(`select pgq.insert_event('q', 'type', $1)`, [data]);
      await client.query('insert into public.published values ($1)', [data]);
    }
    await client.query(round % 5 === 4 ? 'rollback' : 'commit');
  }
}

async function consume(client: Client, consumer: string, work: { isDone: boolean }): Promise<void> {
  while (!work.isDone) await handleBatch(client, consumer);
}

/** The batch's events as rows, in the transaction that finishes it; of two that do so only one can commit. */
async function handleBatch(client: Client, consumer: string): Promise<boolean> {
  const { rows } = await client.query<{ batch: string | null }>(
    `select pgq.next_batch('q', $1) as batch`,
    [consumer],
  );
  const batch = rows[0]?.batch ?? null;
  if (batch === null) return false;
  await client.query('begin');
  try {
    await client.query(
      'insert into public.handled select $1, ev_id, ev_data from pgq.get_batch_events($2)',
      [consumer, batch],
    );
    const isMine = (await finish(client, batch)) === 1;
    await client.query(isMine ? 'commit' : 'rollback');
  } catch (error) {
    await client.query('rollback');
    // The other one was faster: its rows are there, or the batch is no more.
    if (!(error instanceof Error) || !/duplicate key|batch/.test(error.message)) throw error;
  }
  return true;
}

async function keep(database: TestDatabase, work: { isDone: boolean }): Promise<void> {
  while (!work.isDone) {
    await database.query('select pgq.tick_eagerly(array[1])');
    await rotate(database);
    await compact(database, 'position_log');
    await compact(database, 'tick_log');
  }
}

async function finish(client: Client, batch: unknown): Promise<number | undefined> {
  const sql = 'select pgq.finish_batch($1) as done';
  const { rows } = await client.query<{ done: number }>(sql, [batch]);
  return rows[0]?.done;
}

async function isWaiting(database: TestDatabase): Promise<void> {
  await waitFor('the other one to wait', async () => {
    const count = await database.value(
      `select count(*)::int from pg_stat_activity where datname = current_database() and wait_event_type = 'Lock'`,
    );
    return count === 1;
  });
}
