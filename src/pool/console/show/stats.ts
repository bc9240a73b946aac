import type { Cell, Column } from '../values.ts';
import { counterNames, type CounterName, type Counters } from '../../counters.ts';
import type { Show } from '../command.ts';

/** What each counter is called where. */
interface Names {
  /** In STATS, without total_ or avg_. */
  readonly stats: string;
  readonly statsAverage: string;
  readonly statsTotals: string;
  readonly statsAverages: string;
  /** In the lines of TOTALS, without total_ or avg_. */
  readonly totals: string;
}

const names: Readonly<Record<CounterName, Names>> = {
  serverAssignments: same('server_assignment_count'),
  transactions: same('xact_count'),
  queries: same('query_count'),
  received: {
    ...same('bytes_received'),
    stats: 'received',
    statsAverage: 'recv',
    totals: 'client_bytes',
  },
  sent: { ...same('bytes_sent'), stats: 'sent', statsAverage: 'sent', totals: 'server_bytes' },
  transactionUs: same('xact_time'),
  queryUs: same('query_time'),
  waitUs: same('wait_time'),
  clientParses: { ...prefixed('client_parse_count'), totals: 'ps_client_parse_count' },
  serverParses: { ...prefixed('server_parse_count'), totals: 'ps_server_parse_count' },
  binds: { ...prefixed('bind_count'), totals: 'ps_bind_count' },
  clientLogins: prefixed('client_login_count'),
};

function same(name: string): Names {
  return { stats: name, statsAverage: name, statsTotals: name, statsAverages: name, totals: name };
}

/** The newer ones, which STATS_AVERAGES calls as STATS does. */
function prefixed(name: string): Names {
  return { ...same(name), statsAverages: `avg_${name}` };
}

function numeric(nameOf: (names: Names) => string): Column[] {
  return counterNames.map((counter) => ({ name: nameOf(names[counter]), type: 'numeric' }));
}

const database: Column = { name: 'database', type: 'text' };

/** Microseconds come with fractions. */
function cellsOf(counters: Counters | undefined): Cell[] {
  return counterNames.map((name) => Math.trunc(counters?.[name] ?? 0));
}

export const showStats: Show = {
  name: 'STATS',
  columns: [
    database,
    ...numeric(({ stats }) => `total_${stats}`),
    ...numeric(({ statsAverage }) => `avg_${statsAverage}`),
  ],
  rows: ({ statistics }) => {
    const averages = statistics.averages();
    return [...statistics.totals()].map(([name, totals]) => [
      name,
      ...cellsOf(totals),
      ...cellsOf(averages.get(name)),
    ]);
  },
};

export const showStatsTotals: Show = {
  name: 'STATS_TOTALS',
  columns: [database, ...numeric(({ statsTotals }) => statsTotals)],
  rows: ({ statistics }) => [...statistics.totals()].map(([name, of]) => [name, ...cellsOf(of)]),
};

export const showStatsAverages: Show = {
  name: 'STATS_AVERAGES',
  columns: [database, ...numeric(({ statsAverages }) => statsAverages)],
  rows: ({ statistics }) => [...statistics.averages()].map(([name, of]) => [name, ...cellsOf(of)]),
};

export const showTotals: Show = {
  name: 'TOTALS',
  columns: [
    { name: 'name', type: 'text' },
    { name: 'value', type: 'numeric' },
  ],
  rows: ({ statistics }) => {
    const { totals, averages } = statistics.overall();
    return [...lines('total', totals), ...lines('avg', averages)];
  },
};

function lines(prefix: string, counters: Counters): Cell[][] {
  const values = cellsOf(counters);
  return counterNames.map((name, index) => [`${prefix}_${names[name].totals}`, values[index] ?? 0]);
}
