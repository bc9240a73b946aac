import { createLog, Metrics, silentProgress } from '../../../src/service/index.ts';
import { dropReplication, Replication } from '../../../src/replicate/index.ts';
import type { ReplicationOptions } from '../../../src/replicate/index.ts';
import {
  expectSameRows,
  waitFor,
  within,
  type TestDatabase,
  type TestServer,
} from '../../kit/index.ts';

/**
 * What a copy and an apply must not get wrong: rows without any key (twice applied, they show), an index and a
 * key worth dropping for the copy, a foreign key, partitions.
 */
export const bankTables = `
  CREATE TABLE accounts (id int PRIMARY KEY, balance bigint NOT NULL, note text);
  CREATE INDEX accounts_balance ON accounts (balance);
  CREATE TABLE moves (n bigint, account int, note text);
  CREATE TABLE cards (id int PRIMARY KEY, account int REFERENCES accounts, note text);
  CREATE TABLE days (id int, day int, note text, PRIMARY KEY (id, day)) PARTITION BY RANGE (day);
  CREATE TABLE days_low PARTITION OF days FOR VALUES FROM (0) TO (5);
  CREATE TABLE days_high PARTITION OF days FOR VALUES FROM (5) TO (10);
  CREATE INDEX days_note ON days (note);`;

export const bankRows = `
  INSERT INTO accounts SELECT g, 1000, repeat('a', 60) FROM generate_series(1, 15000) g;
  INSERT INTO moves SELECT g, g, 'first' FROM generate_series(1, 2000) g;
  INSERT INTO cards SELECT g, 1 + g % 15000, 'card' FROM generate_series(1, 2000) g;
  INSERT INTO days SELECT g, g % 10, 'day ' || g FROM generate_series(1, 20000) g;
  ANALYZE;`;

/** Two databases, one empty, and the pipeline between them. */
export class Scene {
  readonly here: TestDatabase;
  readonly there: TestDatabase;
  readonly options: Partial<ReplicationOptions>;
  /** What running pipelines logged, for the message of a failed test. */
  readonly logged: string[] = [];

  constructor(here: TestDatabase, there: TestDatabase, options: Partial<ReplicationOptions> = {}) {
    this.here = here;
    this.there = there;
    this.options = options;
  }

  /** Not started. */
  pipeline(options: Partial<ReplicationOptions> = {}): Replication {
    const all = {
      source: this.here.url,
      target: this.there.url,
      name: 'test',
      tablesWithoutKey: 'insert_only',
      copyJobs: 2,
      ...this.options,
      ...options,
    } as const;
    const write = (line: string): void => void this.logged.push(line.trim());
    return new Replication(all, {
      log: createLog({ level: 'info', write }),
      metrics: new Metrics(),
      progress: silentProgress,
    });
  }

  /** Started, and following. */
  async follow(options: Partial<ReplicationOptions> = {}): Promise<Replication> {
    const pipeline = this.pipeline(options);
    pipeline.start();
    pipeline.finished.catch(() => undefined); // each test looks at it where it expects something
    await this.#orLog(within('the pipeline to follow', pipeline.ready, 30_000));
    return pipeline;
  }

  /** Copies what is missing, follows to where the source is now, ends. */
  async once(options: Partial<ReplicationOptions> = {}): Promise<Replication> {
    const pipeline = this.pipeline({ ...options, once: true });
    pipeline.start();
    await this.#orLog(within('the pipeline to be done', pipeline.finished, 50_000));
    return pipeline;
  }

  /** Runs to its end, which is the error returned. */
  async refused(options: Partial<ReplicationOptions> = {}): Promise<Error> {
    try {
      await this.once(options);
    } catch (error) {
      if (error instanceof Error) return error;
    }
    throw new Error('the pipeline ended well');
  }

  /** The arguments of the command line for the same pipeline. */
  args(...more: readonly string[]): string[] {
    const place = ['--source', this.here.url, '--target', this.there.url, '--name', 'test'];
    const settings = ['--tables-without-key', 'insert_only', '--copy-jobs', '2'];
    return ['replicate', 'run', ...place, ...settings, ...more];
  }

  async drop(): Promise<readonly string[]> {
    const { removed } = await dropReplication(
      { source: this.here.url, target: this.there.url, name: 'test' },
      { log: createLog({ level: 'silent' }), signal: new AbortController().signal },
    );
    return removed;
  }

  /** Finishes from wherever things stand, and judges. */
  async settles(options: Partial<ReplicationOptions> = {}): Promise<void> {
    await this.once(options);
    await expectSameRows(this.here, this.there);
  }

  /** Until the target holds all that the source has committed by now. */
  async arrives(pipeline: Replication, timeoutMs = 30_000): Promise<void> {
    const end = await this.here.value<string>('SELECT pg_current_wal_insert_lsn()::text');
    // A commit of ours, so that there is something to arrive behind `end`.
    await this.here.query(`SELECT pg_logical_emit_message(true, 'test', 'marker')`);
    await this.here.query('CREATE TABLE IF NOT EXISTS public.nothing (); DROP TABLE nothing');
    await this.#orLog(
      waitFor(
        `the pipeline to pass ${end}`,
        async () => {
          const { phase, error, position } = pipeline.status();
          if (phase === 'stopped') throw new Error(error ?? 'the pipeline stopped');
          if (position === null) return false;
          return await this.here.value<boolean>(`SELECT $1::pg_lsn >= $2::pg_lsn`, [position, end]);
        },
        { timeoutMs },
      ),
    );
  }

  /** The slot, as the source tells of it. */
  async slot(): Promise<{ name: string; confirmed: string; activePid: number | null }> {
    const [row] = await this.here.rows<{
      name: string;
      confirmed: string;
      activePid: number | null;
    }>(
      `SELECT slot_name AS name, confirmed_flush_lsn::text AS confirmed, active_pid AS "activePid"
         FROM pg_replication_slots WHERE database = current_database() AND NOT temporary`,
    );
    if (row === undefined) throw new Error('there is no slot');
    return row;
  }

  async position(): Promise<string> {
    return this.there.value<string>(
      `SELECT position::text FROM sluice.pipeline WHERE name = 'test'`,
    );
  }

  async #orLog<T>(promise: Promise<T>): Promise<T> {
    try {
      return await promise;
    } catch (error) {
      if (error instanceof Error && this.logged.length > 0)
        error.message += `\n${this.logged.slice(-8).join('\n')}`;
      throw error;
    }
  }
}

/** A source with the bank's rows, a target with its tables. */
export async function bank(
  source: TestServer,
  target: TestServer,
  options: Partial<ReplicationOptions> & { mayLeak?: boolean } = {},
): Promise<Scene> {
  const { mayLeak = false, ...rest } = options;
  const here = await source.database(bankTables + bankRows, { mayLeak });
  const there = await target.database(bankTables, { mayLeak });
  return new Scene(here, there, rest);
}

/** Indexes and constraints as their definitions, to find them again after they were dropped and restored. */
export async function structure(database: TestDatabase): Promise<string[]> {
  const rows = await database.rows<{ line: string }>(
    `SELECT indexdef AS line FROM pg_indexes WHERE schemaname = 'public'
     UNION ALL
     SELECT conrelid::regclass || ' ' || conname || ' ' || pg_get_constraintdef(oid)
       FROM pg_constraint WHERE connamespace = 'public'::regnamespace ORDER BY 1`,
  );
  return rows.map(({ line }) => line);
}
