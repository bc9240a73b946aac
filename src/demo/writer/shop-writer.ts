import { Client } from 'pg';
import { sqlstateOf, Lifecycle, systemClock, type Service } from '../../service/index.ts';
import type { ShopSize } from '../shop/size.ts';
import { choose } from './business.ts';
import { Till, type ShopTransaction } from './transaction.ts';

export interface ShopWriterOptions {
  readonly url: string;
  readonly size: ShopSize;
  /** All connections together; what the server cannot keep up with is left out. */
  readonly transactionsPerSecond: number;
  /** Tells of each commit. */
  readonly onCommit?: (rows: number) => void;
}

const connections = 4;

/** Meeting another writer in the wrong order is daily business: the transaction is forgotten, as an application does. */
const passing = new Set(['40001', '40P01']);

/** Keeps the shop open: several connections that commit one transaction after the other until it is stopped. */
export class ShopWriter implements Service {
  readonly #options: ShopWriterOptions;
  readonly #life: Lifecycle;
  #transactions = 0;
  #rows = 0;
  #longestMs = 0;
  /** Numbers of a writer that opens later are others. */
  #lastReceipt = systemClock.nowMs() * 1000;
  readonly #acknowledged: number[] = [];

  constructor(options: ShopWriterOptions) {
    this.#options = options;
    this.#life = new Lifecycle('demo.writer', (signal, becomeReady) =>
      this.#work(signal, becomeReady),
    );
  }

  /** Resolves once all connections are at work. */
  get ready(): Promise<void> {
    return this.#life.ready;
  }

  /** Rejects with what ended it against its will. */
  get finished(): Promise<void> {
    return this.#life.finished;
  }

  /** Transactions committed so far. */
  get transactions(): number {
    return this.#transactions;
  }

  /** Rows they changed. */
  get rows(): number {
    return this.#rows;
  }

  /** Receipts of the transactions that a till was told are committed. */
  get acknowledged(): readonly number[] {
    return this.#acknowledged;
  }

  /** The longest transaction since `forgetLongest`, from begin to the answer to commit. */
  get longestMs(): number {
    return this.#longestMs;
  }

  forgetLongest(): void {
    this.#longestMs = 0;
  }

  start(signal?: AbortSignal): void {
    this.#life.start(signal);
  }

  /** Resolves when the last transaction is committed. */
  stop(): Promise<void> {
    return this.#life.stop();
  }

  /**
   * Commits these, one after the other, beside the daily business and on a connection of its own, which an
   * aborted signal ends in the middle.
   */
  async perform(transactions: readonly ShopTransaction[], signal: AbortSignal): Promise<void> {
    await this.#withTill(signal, async (client, till) => {
      const end = (): void => void client.end();
      signal.addEventListener('abort', end, { once: true });
      try {
        for (const transaction of transactions) {
          for (let isDone = false; !isDone;) {
            isDone = await this.#commit(client, till, transaction);
          }
        }
      } finally {
        signal.removeEventListener('abort', end);
      }
    });
  }

  async #work(signal: AbortSignal, becomeReady: () => void): Promise<void> {
    // One that fails ends the others.
    const failed = new AbortController();
    const either = AbortSignal.any([signal, failed.signal]);
    let open = 0;
    const begun = (): void => {
      if (++open === connections) becomeReady();
    };
    const workers = Array.from({ length: connections }, () =>
      this.#serve(either, begun).catch((error: unknown) => {
        failed.abort(error);
        throw error;
      }),
    );
    await Promise.allSettled(workers);
    await Promise.all(workers);
  }

  async #serve(signal: AbortSignal, begun: () => void): Promise<void> {
    const everyMs = (1000 * connections) / this.#options.transactionsPerSecond;
    await this.#withTill(signal, async (client, till) => {
      begun();
      for (let dueMs = systemClock.monotonicMs(); !signal.aborted;) {
        await this.#commit(client, till, choose(till));
        dueMs = Math.max(dueMs + everyMs, systemClock.monotonicMs());
        await pause(dueMs - systemClock.monotonicMs(), signal);
      }
    });
  }

  async #withTill(
    signal: AbortSignal,
    run: (client: Client, till: Till) => Promise<void>,
  ): Promise<void> {
    signal.throwIfAborted();
    // An application's own client: what is between it and the server is none of its business.
    const client = new Client({ connectionString: this.#options.url, application_name: 'till' });
    client.on('error', () => undefined); // the next statement says so
    await client.connect();
    try {
      await run(client, new Till(client, this.#options.size));
    } finally {
      await client.end();
    }
  }

  /** @returns false when it met another writer and was rolled back */
  async #commit(client: Client, till: Till, transaction: ShopTransaction): Promise<boolean> {
    const begunMs = systemClock.monotonicMs();
    const receipt = ++this.#lastReceipt;
    await client.query('begin');
    try {
      const rows = await transaction.run(till);
      await till.change('insert into shop.receipt (number) values ($1)', [receipt]);
      await client.query('commit');
      this.#acknowledged.push(receipt);
      this.#longestMs = Math.max(this.#longestMs, systemClock.monotonicMs() - begunMs);
      this.#transactions += 1;
      this.#rows += rows;
      this.#options.onCommit?.(rows);
      return true;
    } catch (error) {
      if (!passing.has(sqlstateOf(error) ?? '')) throw error;
      await client.query('rollback');
      return false;
    }
  }
}

async function pause(ms: number, signal: AbortSignal): Promise<void> {
  try {
    await systemClock.sleep(Math.max(ms, 0), signal);
  } catch (error) {
    if (!signal.aborted) throw error;
  }
}
