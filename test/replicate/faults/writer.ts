import type { Client } from 'pg';
import { onTestFinished } from 'vitest';
import { waitFor, type TestDatabase } from '../../kit/index.ts';

/**
 * An application that keeps committing to the bank: transfers, rows without a key, cards come and go, days are
 * moved between partitions, now and then a transaction of thousands of rows, one with a savepoint rolled back.
 * A lost server is tried again.
 */
export class Writer {
  readonly #database: TestDatabase;
  readonly #done: Promise<void>;
  #isStopped = false;
  /** The connection was lost, and with it perhaps the answer to a COMMIT. */
  #isUncertain = false;
  #committed = 0;

  private constructor(database: TestDatabase, from: number) {
    this.#database = database;
    this.#committed = from;
    this.#done = this.#run();
  }

  /** @param from where a writer of the same database left off: how many it had committed */
  static start(database: TestDatabase, from = 0): Writer {
    const writer = new Writer(database, from);
    writer.#done.catch(() => undefined); // `stop` rejects with it
    onTestFinished(async () => {
      await writer.stop().catch(() => undefined);
    });
    return writer;
  }

  /** Transactions, those before it included. */
  get committed(): number {
    return this.#committed;
  }

  /** Until `more` transactions were committed from now on. */
  async writes(more = 20): Promise<void> {
    const goal = this.#committed + more;
    await waitFor(`the writer to commit ${more} transactions`, () => this.#committed >= goal);
  }

  async stop(): Promise<void> {
    this.#isStopped = true;
    await this.#done;
  }

  async #run(): Promise<void> {
    while (!this.#isStopped) {
      try {
        const client = await this.#database.client();
        try {
          while (!this.#isStopped) await this.#transaction(client);
        } finally {
          await client.end().catch(() => undefined);
        }
      } catch (error) {
        if (!isLost(error)) throw error;
        this.#isUncertain = true;
        await new Promise((resolve) => setTimeout(resolve, 20));
      }
    }
  }

  async #transaction(client: Client): Promise<void> {
    const n = this.#committed;
    try {
      await client.query(`BEGIN; ${statements(n)}; COMMIT`);
    } catch (error) {
      if (!this.#isUncertain || !isDuplicate(error)) throw error;
      await client.query('ROLLBACK'); // it had been committed
    }
    this.#isUncertain = false;
    this.#committed++;
    // Some hundred transactions a second: load, and time left for those under test.
    await new Promise((resolve) => setTimeout(resolve, 4));
  }
}

function statements(n: number): string {
  const account = 1 + ((n * 7919) % 15_000);
  const other = 1 + ((account + 3) % 15_000);
  const lines = [
    `UPDATE accounts SET balance = balance - 1 WHERE id = ${account}`,
    `UPDATE accounts SET balance = balance + 1 WHERE id = ${other}`,
    `INSERT INTO moves VALUES (${10_000 + n}, ${account}, 'move')`,
    `INSERT INTO cards VALUES (100000 + ${n}, ${account}, 'new')`,
  ];
  if (n % 3 === 0) lines.push(`DELETE FROM cards WHERE id = ${100_000 + n - 2}`);
  if (n % 4 === 0) lines.push(`UPDATE days SET day = 9 - day WHERE id = ${1 + (n % 15_000)}`);
  if (n % 5 === 0)
    lines.push(
      'SAVEPOINT s',
      `UPDATE accounts SET note = 'undone' WHERE id = ${account}`,
      'ROLLBACK TO s',
    );
  if (n % 40 === 13)
    lines.push(
      `UPDATE accounts SET note = 'bulk ${n}' WHERE id BETWEEN ${account} AND ${account} + 2000`,
      `INSERT INTO moves SELECT ${n}, g, repeat('m', 80) FROM generate_series(1, 1000) g`,
    );
  return lines.join('; ');
}

function isDuplicate(error: unknown): boolean {
  return error instanceof Error && 'code' in error && error.code === '23505';
}

/** A server that goes away, or is away. */
function isLost(error: unknown): boolean {
  if (!(error instanceof Error)) return false;
  const code = 'code' in error ? String(error.code) : '';
  return (
    /^(?:57P0[123]|08...|ECONN\w+|EPIPE)$/.test(code) ||
    /Connection terminated|not queryable|closed/.test(error.message)
  );
}
