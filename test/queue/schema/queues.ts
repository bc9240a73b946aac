import type { Client } from 'pg';
import { installScript } from '../../../src/queue/index.ts';
import type { TestDatabase, TestServer } from '../../kit/index.ts';
import { waitFor } from '../../kit/index.ts';

/** A database with schema pgq and the queue `q`, which rotates whenever it is asked to. */
export async function queueDatabase(server: TestServer): Promise<TestDatabase> {
  return server.database(`${installScript()}
    select pgq.create_queue('q');
    select pgq.set_queue_config('q', 'rotation_period', '0 seconds');`);
}

export async function tick(database: TestDatabase): Promise<void> {
  await database.query(`select pgq.force_tick('q')`);
  await database.query(`select pgq.ticker('q')`);
}

/** Registers a consumer at a new tick: nothing from before keeps the tables from rotating. */
export async function register(database: TestDatabase, consumer: string): Promise<void> {
  await tick(database);
  await database.query(`select pgq.register_consumer('q', $1)`, [consumer]);
}

export async function rotate(database: TestDatabase): Promise<void> {
  await database.query(`select pgq.maint_rotate_tables_step1('q')`);
  await database.query('select pgq.maint_rotate_tables_step2()');
}

/** Compacts a log, however small it is: whether it could. */
export async function compact(database: TestDatabase, log: string): Promise<boolean> {
  await database.query(
    `insert into pgq.log_size values ($1, -1000000) on conflict (log_name) do update set bytes = -1000000`,
    [log],
  );
  return (await database.value('select pgq.maint_compact($1)', [log])) === 1;
}

/** The number of the queue's current table. */
export async function currentTable(database: TestDatabase): Promise<number> {
  return database.value(`select queue_cur_table from pgq.queue where queue_name = 'q'`);
}

/** What is in the consumer's batches until none is left: the data of the events, in order. */
export async function drain(database: TestDatabase, consumer: string): Promise<string[]> {
  const seen: string[] = [];
  for (;;) {
    const batch = await database.value(`select pgq.next_batch('q', $1)`, [consumer]);
    if (batch === null) return seen;
    const events = await database.rows<{ ev_data: string }>(
      'select ev_data from pgq.get_batch_events($1)',
      [batch],
    );
    seen.push(...events.map((event) => event.ev_data));
    await database.query('select pgq.finish_batch($1)', [batch]);
  }
}

/** Stops whoever inserts into event table `nr` inside the insert, until `release` is called. */
export async function stallInserts(database: TestDatabase, nr: number) {
  const gate = await database.client();
  await gate.query('select pg_advisory_lock(42)');
  await database.query(`
    create or replace function public.stall() returns trigger language plpgsql as
      'begin perform pg_advisory_xact_lock_shared(42); return new; end';
    create trigger stall before insert on pgq.event_1_${nr} for each row execute function public.stall()`);
  return {
    /** Sends an insert that stalls, and comes back when it does. */
    insert: async (client: Client, data: string): Promise<() => Promise<unknown>> => {
      const before = await countStalled(database);
      const inserted = client.query(`select pgq.insert_event('q', 'stalled', $1)`, [data]);
      await waitFor('the insert to stall', async () => (await countStalled(database)) > before);
      return () => inserted;
    },
    release: () => gate.query('select pg_advisory_unlock(42)'),
  };
}

async function countStalled(database: TestDatabase): Promise<number> {
  return Number(
    await database.value(
      `select count(*) from pg_locks where locktype = 'advisory' and objid = 42 and not granted`,
    ),
  );
}
