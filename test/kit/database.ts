import { Client, type QueryResult } from 'pg';
import { findLeaks } from './leaks.ts';

type Row = Record<string, unknown>;

/** A database that belongs to one test, reached through `pg` as the superuser. */
export class TestDatabase {
  readonly name: string;
  readonly url: string;
  readonly #clients: Client[] = [];
  #main: Client | null = null;

  constructor(name: string, url: string) {
    this.name = name;
    this.url = url;
  }

  /** Run SQL on this database's own connection; opens it on first use, and again after a restart. */
  async query<R extends Row = Row>(
    text: string,
    values?: readonly unknown[],
  ): Promise<QueryResult<R>> {
    this.#main ??= await this.#open((client) => {
      if (this.#main === client) this.#main = null;
    });
    return this.#main.query<R>(text, values === undefined ? undefined : [...values]);
  }

  /** The rows of a query. */
  async rows<R extends Row = Row>(text: string, values?: readonly unknown[]): Promise<R[]> {
    return (await this.query<R>(text, values)).rows;
  }

  /** The only column of the only row. */
  async value<T = unknown>(text: string, values?: readonly unknown[]): Promise<T> {
    const rows = await this.rows<Record<string, T>>(text, values);
    const cells = Object.values(rows[0] ?? {});
    const [cell] = cells;
    if (rows.length !== 1 || cells.length !== 1 || cell === undefined) {
      throw new Error(`expected one value, got ${rows.length} rows of ${cells.length}: ${text}`);
    }
    return cell;
  }

  /** Another connection, closed with the test. */
  async client(): Promise<Client> {
    return this.#open(() => undefined);
  }

  /** What Sluice left behind here: slots, publications and connections of ours. */
  async leaks(): Promise<string[]> {
    return findLeaks(this);
  }

  /** Close every connection the kit opened here. */
  async close(): Promise<void> {
    await Promise.all(this.#clients.splice(0).map((client) => client.end()));
    this.#main = null;
  }

  async #open(onEnd: (client: Client) => void): Promise<Client> {
    const client = new Client({ connectionString: this.url, application_name: 'test' });
    // A server that a test stops breaks its idle connections; queries on them reject by themselves.
    client.on('error', () => onEnd(client));
    client.on('end', () => onEnd(client));
    await client.connect();
    this.#clients.push(client);
    return client;
  }
}
