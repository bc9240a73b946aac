import { systemClock, WorkingService, type Clock, type Log } from '../../service/index.ts';
import { createPgClient } from '../../session/index.ts';
import { findSchema } from '../admin/schema.ts';
import { loadSql } from '../sql.ts';
import {
  QueueKeeper,
  type QueueKeeperDeps,
  type QueueKeeperOptions,
  type QueueKeeperStatus,
} from './keeper.ts';

const listDatabases = loadSql('list-databases');

export interface ServerKeeperOptions extends Omit<QueueKeeperOptions, 'database' | 'connection'> {
  /** The connection string of one of the server's databases. */
  readonly connectionOf: (database: string) => string;
  /** Which databases; none given: all that have queues, as they come and go. */
  readonly databases: readonly string[];
  /** Where to look which databases there are. */
  readonly initialDatabase: string;
  readonly checkPeriodMs: number;
}

/** Keeps the queues of the databases of a server, as pgqd does: of all of them, or of those that are named. */
export class ServerKeeper extends WorkingService {
  readonly #options: ServerKeeperOptions;
  readonly #deps: QueueKeeperDeps;
  readonly #log: Log;
  readonly #clock: Clock;
  readonly #keepers = new Map<string, QueueKeeper>();

  constructor(options: ServerKeeperOptions, deps: QueueKeeperDeps) {
    super('server keeper');
    this.#options = options;
    this.#deps = deps;
    this.#log = deps.log;
    this.#clock = deps.clock ?? systemClock;
  }

  status(): QueueKeeperStatus[] {
    return [...this.#keepers.values()].map((keeper) => keeper.status());
  }

  protected override async work(signal: AbortSignal, becomeReady: () => void): Promise<void> {
    try {
      while (!signal.aborted) {
        for (const database of await this.#wanted()) this.#keep(database);
        becomeReady();
        await this.#clock.sleep(this.#options.checkPeriodMs, signal);
      }
    } finally {
      await Promise.all([...this.#keepers.values()].map((keeper) => keeper.stop()));
    }
  }

  /** Those that nobody here keeps yet. */
  async #wanted(): Promise<string[]> {
    const { databases, initialDatabase } = this.#options;
    if (databases.length > 0) return databases.filter((name) => !this.#keepers.has(name));
    const { rows } = await this.#query(initialDatabase, listDatabases);
    const names = rows.map((row) => String(row['name'])).filter((name) => !this.#keepers.has(name));
    const withQueues: string[] = [];
    for (const name of names) if (await this.#hasQueues(name)) withQueues.push(name);
    return withQueues;
  }

  #keep(database: string): void {
    const { connectionOf, ...periods } = this.#options;
    const keeper = new QueueKeeper(
      { ...periods, database, connection: connectionOf(database) },
      this.#deps,
    );
    this.#keepers.set(database, keeper);
    keeper.start();
    const forget = (): void => void this.#keepers.delete(database);
    keeper.finished.then(forget, (error: unknown) => {
      forget();
      this.#log.warn('the queues of a database are not kept: it is tried again', {
        database,
        error,
      });
    });
  }

  /** A database that cannot be looked into is none of ours; the next time may tell otherwise. */
  async #hasQueues(database: string): Promise<boolean> {
    try {
      return await this.#withClient(
        database,
        async (client) => (await findSchema(client)) !== null,
      );
    } catch (error) {
      this.#log.warn('a database cannot be looked into', { database, error });
      return false;
    }
  }

  #query(database: string, sql: string): Promise<{ rows: Record<string, unknown>[] }> {
    return this.#withClient(database, (client) => client.query<Record<string, unknown>>(sql));
  }

  async #withClient<T>(
    database: string,
    work: (client: ReturnType<typeof createPgClient>) => Promise<T>,
  ): Promise<T> {
    const client = createPgClient(this.#options.connectionOf(database), {
      purpose: 'queue keeper',
    });
    try {
      await client.connect();
      return await work(client);
    } finally {
      await client.end().catch(() => undefined);
    }
  }
}
