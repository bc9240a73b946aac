import { installScript, trackingScript } from '../../src/queue/index.ts';
import type { TestDatabase, TestServer } from '../kit/index.ts';

/** A database with queues; nobody ticks them but the test. */
export async function queueDatabase(
  server: TestServer,
  queues: readonly string[] = ['q'],
): Promise<TestDatabase> {
  const database = await server.database(installScript());
  for (const queue of queues) await database.query('SELECT pgq.create_queue($1)', [queue]);
  return database;
}

/** A database that keeps positions of consumers. */
export function targetDatabase(server: TestServer, sql = ''): Promise<TestDatabase> {
  return server.database(`${trackingScript()}; ${sql}`);
}

export interface NewEvent {
  readonly type?: string;
  readonly data: string | null;
  readonly extra1?: string;
  readonly extra2?: string;
}

/** Inserts events, committed and ticked: a batch of its own. */
export async function insertEvents(
  database: TestDatabase,
  events: readonly NewEvent[],
  queue = 'q',
): Promise<void> {
  for (const { type = 't', data, extra1, extra2 } of events) {
    const values = [queue, type, data, extra1 ?? null, extra2 ?? null];
    await database.query('SELECT pgq.insert_event($1, $2, $3, $4, $5, null, null)', values);
  }
  await tick(database, queue);
}

export async function tick(database: TestDatabase, queue = 'q'): Promise<void> {
  await database.query('SELECT pgq.force_tick($1)', [queue]);
  await database.query('SELECT pgq.ticker($1)', [queue]);
}

/** All events of a queue, in order, whoever has read them. */
export async function eventsOf(database: TestDatabase, queue = 'q'): Promise<unknown[]> {
  const events = await database.value<string>(
    'SELECT queue_data_pfx FROM pgq.queue WHERE queue_name = $1',
    [queue],
  );
  return database.rows(
    `SELECT ev_time::text, ev_type, ev_data, ev_extra1, ev_extra2, ev_extra3, ev_extra4 FROM ${events} ORDER BY ev_id`,
  );
}

/** How many wait for somebody else's lock. */
export async function waiting(database: TestDatabase): Promise<number> {
  return database.value(
    'SELECT count(*)::int FROM pg_stat_activity WHERE datname = current_database() AND cardinality(pg_blocking_pids(pid)) > 0',
  );
}
