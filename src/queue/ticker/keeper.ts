import type { Client } from 'pg';
import {
  isAbort,
  systemClock,
  WorkingService,
  type Clock,
  type Log,
  type Metrics,
} from '../../service/index.ts';
import { createPgClient } from '../../session/index.ts';
import { requireSchema, type QueueSchema } from '../admin/schema.ts';
import { loadSql } from '../sql.ts';
import { Maintenance } from './maintenance.ts';
import { OriginalTicker } from './original-ticker.ts';
import { Ticker } from './ticker.ts';

const becomeTickerSql = loadSql('become-ticker');

/** Whatever a consumer has on disk lies behind the tick in the WAL: a tick that a crash takes back was nobody's. */
const unflushed = { synchronous_commit: 'off' };

/** How long a round of maintenance waits for a lock: a queue that is being dropped must not hold up all others. */
const notLong = { lock_timeout: '2s' };

/**
 * How often a keeper that stands by asks for its turn. Waiting for it within a statement would hold a snapshot for as
 * long, and keep dead rows everywhere from being removed.
 */
const standbyMs = 100;

export interface QueueKeeperOptions {
  /** As messages and metrics call it. */
  readonly database: string;
  /** Where it is: a connection string. Its user needs the rights of pgq_admin. */
  readonly connection: string;
  /** Between two calls of the original extension's ticker; our own schema needs no such setting. Default 1 s. */
  readonly tickerPeriodMs?: number | undefined;
  /** Between two rounds of rotation, compaction and vacuum. Default 10 s; the original extension's 120 s. */
  readonly maintenancePeriodMs?: number | undefined;
  /** How late a retried or delayed event may be. Default 500 ms; the original extension's 30 s. */
  readonly retryPeriodMs?: number | undefined;
}

export interface QueueKeeperDeps {
  readonly log: Log;
  readonly metrics: Metrics;
  readonly clock?: Clock | undefined;
}

export interface QueueKeeperStatus {
  readonly database: string;
  /** `standing by`: another one keeps this database's queues. */
  readonly state: 'connecting' | 'standing by' | 'keeping';
  /** `original`: the extension pgq, which ticks by its own rules. */
  readonly schema: QueueSchema | null;
  readonly ticks: number;
  readonly queues: Readonly<Record<string, number>>;
}

/**
 * Ticks and maintains the queues of one database; what pgqd does for the original. Of several, in whatever
 * processes, one works and the others stand by.
 */
export class QueueKeeper extends WorkingService {
  readonly #options: QueueKeeperOptions;
  readonly #deps: QueueKeeperDeps;
  readonly #ticks: ReturnType<typeof declareTicks>;
  #state: QueueKeeperStatus['state'] = 'connecting';
  #schema: QueueKeeperStatus['schema'] = null;
  #ticker: Ticker | OriginalTicker | null = null;
  #tickCount = 0;

  constructor(options: QueueKeeperOptions, deps: QueueKeeperDeps) {
    super(`queue keeper ${options.database}`);
    this.#options = options;
    this.#deps = deps;
    this.#ticks = declareTicks(deps.metrics);
  }

  status(): QueueKeeperStatus {
    return {
      database: this.#options.database,
      state: this.#state,
      schema: this.#schema,
      ticks: this.#tickCount,
      queues: this.#ticker?.states ?? {},
    };
  }

  /** Two connections: a long vacuum or a lock that is waited for must not hold up the ticks. */
  protected override async work(signal: AbortSignal, becomeReady: () => void): Promise<void> {
    const { connection, database } = this.#options;
    const clients = [
      createPgClient(connection, { purpose: 'queue ticker', signal, settings: unflushed }),
      createPgClient(connection, { purpose: 'queue maintenance', signal, settings: notLong }),
    ] as const;
    // Whatever a query is waiting for ends with its connection.
    const end = (): void => clients.forEach((client) => void client.end().catch(() => undefined));
    try {
      await Promise.all(clients.map((client) => client.connect()));
      signal.throwIfAborted();
      signal.addEventListener('abort', end, { once: true });
      this.#schema = await requireSchema(clients[0]);
      this.#state = 'standing by';
      becomeReady();
      await this.#waitForTurn(clients[0], signal);
      this.#state = 'keeping';
      this.#deps.log.info('keeps the queues', { database, schema: this.#schema });
      await this.#work(clients, signal);
    } catch (error) {
      if (!signal.aborted && !isAbort(error, signal)) throw error;
    } finally {
      signal.removeEventListener('abort', end);
      this.#state = 'connecting';
      await Promise.all(clients.map((client) => client.end().catch(() => undefined)));
    }
  }

  async #waitForTurn(client: Client, signal: AbortSignal): Promise<void> {
    const { clock = systemClock } = this.#deps;
    for (;;) {
      const { rows } = await client.query<{ is_ours: boolean }>(becomeTickerSql);
      if (rows[0]?.is_ours === true) return;
      await clock.sleep(standbyMs, signal);
    }
  }

  /** When one of the two fails, the other ends as well. */
  async #work([tickClient, client]: readonly [Client, Client], signal: AbortSignal): Promise<void> {
    const { log, clock } = this.#deps;
    const isOriginal = this.#schema === 'original';
    const { maintenancePeriodMs, retryPeriodMs, tickerPeriodMs = 1000 } = this.#options;
    const onTick = (queues: readonly string[]): void => this.#count(queues);
    const ticker = isOriginal
      ? new OriginalTicker({ client: tickClient, periodMs: tickerPeriodMs, clock })
      : new Ticker({ client: tickClient, onTick, clock });
    const maintenance = new Maintenance({
      client,
      log,
      clock,
      isOriginal,
      operationsMs: maintenancePeriodMs ?? (isOriginal ? 120_000 : 10_000),
      dueMs: retryPeriodMs ?? (isOriginal ? 30_000 : 500),
      onDue: () => ticker.rouse(),
    });
    this.#ticker = ticker;
    const failed = new AbortController();
    const either = AbortSignal.any([signal, failed.signal]);
    const parts = [ticker.run(either), maintenance.run(either)];
    try {
      await Promise.all(parts);
    } finally {
      failed.abort();
      await Promise.allSettled(parts);
      this.#ticker = null;
    }
  }

  #count(queues: readonly string[]): void {
    const { database } = this.#options;
    this.#tickCount += queues.length;
    for (const queue of queues) this.#ticks.add({ database, queue });
  }
}

function declareTicks(metrics: Metrics) {
  return metrics.counter({
    room: 'queue',
    thing: 'ticked',
    unit: 'batches',
    help: 'Ticks that ended a batch of events.',
    labels: ['database', 'queue'],
  });
}
