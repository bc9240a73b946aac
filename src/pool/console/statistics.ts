import type { Pooler } from '../pooler.ts';
import type { Traffic } from '../traffic.ts';
import type { ThreadReport } from '../threads/other-threads.ts';
import type { CounterName, Counters } from '../counters.ts';
import { consoleDatabase } from '../client-startup.ts';

/** Times are averages over what took them, everything else is a rate per second. */
const countedBy: Partial<Record<CounterName, CounterName>> = {
  transactionUs: 'transactions',
  queryUs: 'queries',
  waitUs: 'serverAssignments',
};

interface Sample {
  readonly atMs: number;
  readonly byDatabase: ReadonlyMap<string, Counters>;
}

/**
 * Totals since the start and averages over the last `stats_period`, by database.
 *
 *     older        last           now
 *       |-- period --|-- part of --|      an average is over both: never of a moment only
 */
export class Statistics {
  readonly #pooler: Pooler;
  readonly #consoleTraffic: Traffic;
  readonly #reports: () => readonly ThreadReport[];
  #older: Sample;
  #last: Sample;
  #timer: NodeJS.Timeout | null = null;

  /** @param reports  of the other threads, as they were at their last refresh */
  constructor(
    pooler: Pooler,
    consoleTraffic: Traffic,
    reports: () => readonly ThreadReport[] = () => [],
  ) {
    this.#reports = reports;
    this.#pooler = pooler;
    this.#consoleTraffic = consoleTraffic;
    this.#last = { atMs: pooler.startedAtMs, byDatabase: new Map() };
    this.#older = this.#last;
  }

  /** What has been counted so far was before the time of this process: averages begin now. */
  begin(): void {
    this.#last = { atMs: Date.now(), byDatabase: this.totals() };
    this.#older = this.#last;
  }

  /** Samples and logs every `stats_period`, as the setting is by then. */
  start(): void {
    const periodMs = this.#pooler.settings.stats_period * 1000;
    this.#timer = setTimeout(() => {
      this.sample();
      this.start();
    }, periodMs);
    this.#timer.unref();
  }

  stop(): void {
    if (this.#timer !== null) clearTimeout(this.#timer);
    this.#timer = null;
  }

  /** A period is over. */
  sample(): void {
    if (this.#pooler.settings.log_stats) this.#log();
    this.#older = this.#last;
    this.#last = { atMs: Date.now(), byDatabase: this.totals() };
  }

  /** By database name, in order, over all threads. */
  totals(): Map<string, Counters> {
    const totals = this.ownTotals();
    for (const report of this.#reports()) {
      for (const [name, more] of report.totals) {
        const own = totals.get(name);
        totals.set(name, own === undefined ? more : sumOf([own, more]));
      }
    }
    return new Map([...totals].toSorted(([a], [b]) => (a < b ? -1 : 1)));
  }

  /** By database name, of this thread. */
  ownTotals(): Map<string, Counters> {
    const totals = new Map<string, Counters>();
    for (const { name, pools } of this.#pooler.databases.values()) {
      if (pools.size === 0) continue; // nobody has been there
      totals.set(name, sumOf([...pools.values()].map(({ traffic }) => traffic)));
    }
    totals.set(consoleDatabase, sumOf([this.#consoleTraffic]));
    return new Map([...totals].toSorted(([a], [b]) => (a < b ? -1 : 1)));
  }

  averages(): Map<string, Counters> {
    const seconds = this.#seconds(this.#older);
    const averages = new Map<string, Counters>();
    for (const [name, now] of this.totals()) {
      averages.set(name, averageOf(now, this.#older.byDatabase.get(name) ?? nothing, seconds));
    }
    return averages;
  }

  /** Over all databases, gone ones included. */
  overall(): { totals: Counters; averages: Counters } {
    const sum = sumOf([...this.totals().values()]);
    const before = sumOf([...this.#older.byDatabase.values()]);
    return {
      totals: sumOf([sum, this.#pooler.pastTraffic]),
      averages: averageOf(sum, before, this.#seconds(this.#older)),
    };
  }

  #seconds(since: Sample): number {
    return Math.max((Date.now() - since.atMs) / 1000, 0.001);
  }

  /** Rates since the last line. */
  #log(): void {
    const now = sumOf([...this.totals().values()]);
    const before = sumOf([...this.#last.byDatabase.values()]);
    this.#pooler.log.info('stats', averageOf(now, before, this.#seconds(this.#last)));
  }
}

const nothing = countersFrom(() => 0);

function countersFrom(valueOf: (name: CounterName) => number): Counters {
  return {
    serverAssignments: valueOf('serverAssignments'),
    transactions: valueOf('transactions'),
    queries: valueOf('queries'),
    received: valueOf('received'),
    sent: valueOf('sent'),
    transactionUs: valueOf('transactionUs'),
    queryUs: valueOf('queryUs'),
    waitUs: valueOf('waitUs'),
    clientParses: valueOf('clientParses'),
    serverParses: valueOf('serverParses'),
    binds: valueOf('binds'),
    clientLogins: valueOf('clientLogins'),
  };
}

function sumOf(parts: readonly Counters[]): Counters {
  return countersFrom((name) => parts.reduce((sum, part) => sum + part[name], 0));
}

function averageOf(now: Counters, before: Counters, seconds: number): Counters {
  // A database that went and came again has counted less than before.
  const since = (name: CounterName): number => Math.max(0, now[name] - before[name]);
  return countersFrom((name) => {
    const by = countedBy[name];
    if (by === undefined) return Math.trunc(since(name) / seconds);
    const count = since(by);
    return count === 0 ? 0 : Math.trunc(since(name) / count);
  });
}
