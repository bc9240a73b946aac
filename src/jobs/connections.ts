import type { Client } from 'pg';
import { systemClock, type Clock } from '../service/index.ts';
import { createPgClient } from '../session/index.ts';

interface Open {
  readonly client: Client;
  readonly sinceMs: number;
  isLost: boolean;
}

export interface ConnectionsOptions {
  /** What a setting that names a database stands for. */
  readonly connectionOf: (database: string) => Promise<string>;
  readonly job: string;
  /** A connection older than this is made anew before its next use. */
  readonly lifetimeMs: number;
  readonly clock?: Clock | undefined;
}

/** SQL of a job's owner means what it means everywhere else. */
const inherited = ['search_path', 'row_security', 'TimeZone', 'DateStyle', 'IntervalStyle'];

/** The connections of a job, one for each use; made when they are needed, and anew when they are lost or old. */
export class Connections {
  readonly #options: ConnectionsOptions;
  readonly #clock: Clock;
  readonly #open = new Map<string, Open>();

  constructor(options: ConnectionsOptions) {
    this.#options = options;
    this.#clock = options.clock ?? systemClock;
  }

  /**
   * @param use  connections for different uses differ, also to one database
   * @param isOurs  true for SQL of ours, with an empty search_path
   */
  async get(use: string, database: string, isOurs = false): Promise<Client> {
    const known = this.#open.get(use);
    if (known !== undefined && !known.isLost && !this.#isOld(known)) return known.client;
    await this.#end(use);
    const connection = await this.#options.connectionOf(database);
    const client = createPgClient(connection, {
      purpose: `job ${this.#options.job} ${use}`,
      inherit: isOurs ? [] : inherited,
    });
    const open: Open = { client, sinceMs: this.#clock.monotonicMs(), isLost: false };
    const lose = (): void => void (open.isLost = true);
    client.once('end', lose);
    client.once('error', lose);
    await client.connect();
    this.#open.set(use, open);
    return client;
  }

  /** One of them is gone: what failed because of that does not say so. */
  get hasLost(): boolean {
    return [...this.#open.values()].some(({ isLost }) => isLost);
  }

  /** All of them: whatever was not committed is taken back. */
  async close(): Promise<void> {
    for (const use of this.#open.keys()) await this.#end(use);
  }

  #isOld({ sinceMs, client }: Open): boolean {
    const isIdle = client.getTransactionStatus() === 'I';
    return isIdle && this.#clock.monotonicMs() - sinceMs > this.#options.lifetimeMs;
  }

  async #end(use: string): Promise<void> {
    const open = this.#open.get(use);
    this.#open.delete(use);
    await open?.client.end().catch(() => undefined);
  }
}
