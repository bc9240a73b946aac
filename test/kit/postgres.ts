import { createHash } from 'node:crypto';
import { tmpdir } from 'node:os';
import { escapeIdentifier } from 'pg';
import { afterAll, beforeAll, onTestFinished, TestRunner } from 'vitest';
import { availableMajors, startLocalServer } from '../../src/demo/index.ts';
import type { LocalServer, LocalServerOptions, Major } from '../../src/demo/index.ts';
import { TestDatabase } from './database.ts';
import { fastFolder } from './fast-folder.ts';
import { runSql } from './sql.ts';
import { waitFor } from './wait.ts';

/** The majors this machine can start; `SLUICE_TEST_MAJORS=16,18` narrows them. */
export const majors: Major[] = await chooseMajors();

/** For tests to which the major makes no difference. */
export const anyMajor: Major = majors.includes(17) ? 17 : firstOf(majors);

type ServerSettings = NonNullable<LocalServerOptions['settings']>;

export interface TestServerOptions {
  /** It will hold gigabytes: keep it on disk. */
  readonly isLarge?: boolean;
  /** Of the server's processes. */
  readonly env?: Readonly<Record<string, string>>;
}

/**
 * A server for the tests of this file or `describe`: started before the first, removed after the last.
 *
 * @param settings `postgresql.conf` settings on top of the kit's
 */
export function postgres(
  major: Major = anyMajor,
  settings: ServerSettings = {},
  options: TestServerOptions = {},
): TestServer {
  const server = new TestServer(major, settings, options);
  beforeAll(() => server.start());
  afterAll(() => server.remove());
  return server;
}

/** A server of the tests' own. `local` is the launcher's handle, to stop, kill and start it with. */
export class TestServer {
  readonly major: Major;
  readonly #settings: ServerSettings;
  readonly #options: TestServerOptions;
  readonly #templates = new Map<string, Promise<string>>();
  #local: LocalServer | null = null;
  #databases = 0;

  constructor(major: Major, settings: ServerSettings = {}, options: TestServerOptions = {}) {
    this.major = major;
    this.#settings = settings;
    this.#options = options;
  }

  get local(): LocalServer {
    if (this.#local === null) throw new Error(`the server of major ${this.major} is not started`);
    return this.#local;
  }

  get port(): number {
    return this.local.port;
  }

  url(database?: string): string {
    return this.local.url(database);
  }

  async start(): Promise<void> {
    const { isLarge = false, env = {} } = this.#options;
    const templateDir = process.env['SLUICE_TEST_TEMPLATES'];
    this.#local = await startLocalServer({
      major: this.major,
      settings: { ...kitSettings, ...this.#settings },
      env,
      isDurable: false,
      parentDir: isLarge ? tmpdir() : await fastFolder(),
      ...(templateDir === undefined ? {} : { templateDir }),
    });
  }

  async remove(): Promise<void> {
    await this.#local?.remove();
    this.#local = null;
  }

  /**
   * A fresh database, dropped when the running test ends (or with the server, outside of a test).
   *
   * @param templateSql what it starts with; run once per server and text, then copied
   * @param options `mayLeak` skips the check that no connection of Sluice's is open after the test
   */
  async database(
    templateSql = '',
    options: { name?: string; mayLeak?: boolean } = {},
  ): Promise<TestDatabase> {
    const name = options.name ?? `test_${++this.#databases}`;
    const template = templateSql === '' ? 'template1' : await this.#template(templateSql);
    await this.#create(name, template);
    const database = new TestDatabase(name, this.url(name));
    if (TestRunner.getCurrentTest() !== undefined) {
      onTestFinished(() => this.#dispose(database, options.mayLeak === true));
    }
    return database;
  }

  /** Run SQL in the database `postgres`. */
  async query(text: string): Promise<Record<string, unknown>[]> {
    return runSql(this.url(), text);
  }

  async #template(sql: string): Promise<string> {
    const name = `template_${createHash('sha256').update(sql).digest('hex').slice(0, 16)}`;
    const made = this.#templates.get(name) ?? this.#makeTemplate(name, sql);
    this.#templates.set(name, made);
    return made;
  }

  async #makeTemplate(name: string, sql: string): Promise<string> {
    await this.#create(name, 'template1');
    await runSql(this.url(name), sql);
    return name;
  }

  /** Copied as files: twice as fast as through the WAL where nothing waits for a disk. */
  async #create(name: string, template: string): Promise<void> {
    await this.query(
      `CREATE DATABASE ${escapeIdentifier(name)} TEMPLATE ${template} STRATEGY file_copy`,
    );
  }

  async #dispose(database: TestDatabase, mayLeak: boolean): Promise<void> {
    await database.close();
    if (this.#local?.isRunning !== true) return;
    try {
      if (!mayLeak) await this.#expectNoConnections(database.name);
    } finally {
      await this.#drop(database.name);
    }
  }

  /** Closing a connection is quick but not at once for the server. */
  async #expectNoConnections(database: string): Promise<void> {
    let open: unknown[] = [];
    const check = async (): Promise<boolean> => {
      open = await this.query(
        `SELECT application_name, state, left(query, 80) AS query FROM pg_stat_activity
          WHERE datname = '${database}' AND application_name LIKE 'sluice%'`,
      );
      return open.length === 0;
    };
    await waitFor('connections to end', check, { timeoutMs: 3000 }).catch((error: unknown) => {
      throw new Error(`the test left connections open: ${JSON.stringify(open)}`, { cause: error });
    });
  }

  /** DROP DATABASE removes idle logical slots by itself, but refuses while a walsender uses one. */
  async #drop(name: string): Promise<void> {
    await this.query(
      `SELECT pg_terminate_backend(active_pid) FROM pg_replication_slots
        WHERE database = '${name}' AND active_pid IS NOT NULL`,
    );
    await waitFor(`database ${name} to be dropped`, async () => {
      try {
        await this.query(`DROP DATABASE IF EXISTS ${escapeIdentifier(name)} WITH (FORCE)`);
        return true;
      } catch (error) {
        if (error instanceof Error && 'code' in error && error.code === '55006') return false;
        throw error;
      }
    });
  }
}

/** Quiet, small and quick to stop; a test that depends on another value sets it. */
const kitSettings = {
  shared_buffers: '32MB',
  autovacuum_naptime: '1h',
  max_wal_size: '256MB',
  log_checkpoints: 'off',
  wal_writer_delay: '10ms',
} as const;

async function chooseMajors(): Promise<Major[]> {
  const available = await availableMajors();
  const wanted = process.env['SLUICE_TEST_MAJORS'];
  if (wanted === undefined || wanted === '') return available;
  const chosen = available.filter((major) => wanted.split(',').includes(String(major)));
  if (chosen.length === 0)
    throw new Error(`SLUICE_TEST_MAJORS=${wanted}: none of ${available.join()}`);
  return chosen;
}

function firstOf<T>(list: readonly T[]): T {
  const [first] = list;
  if (first === undefined) throw new Error('no PostgreSQL to test with: run npm ci');
  return first;
}
