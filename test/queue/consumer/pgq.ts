import type { Client } from 'pg';
import { installQueue } from '../../../src/queue/install/install.ts';
import { installTracking } from '../../../src/queue/install/tracking.ts';
import { createPgClient } from '../../../src/session/index.ts';
import { anyMajor, majors, postgres, type TestDatabase, type TestServer } from '../../kit/index.ts';

/** Whose schema pgq a test runs on. */
export type Schema = 'original' | 'ours';

/** The original is installed for PostgreSQL 15. */
export const schemas: readonly (readonly [schema: Schema, major: (typeof majors)[number]])[] = [
  ...majors.filter((major) => major === 15).map((major) => ['original', major] as const),
  ...majors.map((major) => ['ours', major] as const),
];

/** Of both schemas one, for tests that start processes. */
export const oneOfEach = schemas.filter(
  ([schema, major]) => schema === 'original' || major === anyMajor,
);

/** A database with the queue `q`. Nobody ticks it but the test. */
export async function queueDatabase(
  server: TestServer,
  schema: Schema,
  queues: readonly string[] = ['q'],
): Promise<QueueDatabase> {
  const database = await server.database();
  if (schema === 'original') await database.query('CREATE EXTENSION pgq');
  else await install(database, installQueue);
  for (const queue of queues) await database.query('SELECT pgq.create_queue($1)', [queue]);
  return new QueueDatabase(database);
}

/** A database that consumers of another one write in. */
export async function targetDatabase(server: TestServer): Promise<TestDatabase> {
  const database = await server.database('CREATE TABLE done (nr serial, id text)');
  await install(database, installTracking);
  return database;
}

async function install(
  database: TestDatabase,
  run: (tx: Client) => Promise<unknown>,
): Promise<void> {
  const client = createPgClient(database.url, { purpose: 'test install' });
  await client.connect();
  try {
    await run(client);
  } finally {
    await client.end();
  }
}

/** What handlers have written, in order. */
export async function doneIn(database: TestDatabase): Promise<string[]> {
  const rows = await database.rows<{ id: string }>('SELECT id FROM done ORDER BY nr');
  return rows.map(({ id }) => id);
}

export class QueueDatabase {
  readonly database: TestDatabase;

  constructor(database: TestDatabase) {
    this.database = database;
  }

  get url(): string {
    return this.database.url;
  }

  /** Committed, and ticked: a batch of its own. */
  async insert(events: readonly (readonly [type: string, data: string])[], queue = 'q') {
    for (const [type, data] of events) {
      await this.database.query('SELECT pgq.insert_event($1, $2, $3)', [queue, type, data]);
    }
    await this.tick(queue);
  }

  async tick(queue = 'q'): Promise<void> {
    await this.database.query('SELECT pgq.force_tick($1)', [queue]);
    await this.database.query('SELECT pgq.ticker($1)', [queue]);
  }

  /** Events whose time has come are events again. */
  async bringBack(queue = 'q'): Promise<void> {
    await this.database.query("UPDATE pgq.retry_queue SET ev_retry_after = now() - interval '1 s'");
    await this.database.query('SELECT pgq.maint_retry_events()');
    await this.tick(queue);
  }
}

export { anyMajor, majors, postgres };
