import type { MetricFamily, Sample } from '../service/index.ts';
import type { Cell, ConsoleContext, Show } from './console/index.ts';
import {
  showConfig,
  showDatabases,
  showLists,
  showPools,
  showStatsTotals,
  showVersion,
} from './console/index.ts';
import type { Pool } from './pool.ts';
import { rowsOf } from './threads/merge.ts';
import { mergeFamilies } from './threads/merge-families.ts';
import { latencyBoundsUs, type LatencyHistogram, type Traffic } from './traffic.ts';

/**
 * The numbers of a pooler: under the names of pgbouncer_exporter, so that dashboards made for it go on
 * working, and what pgBouncer cannot tell, under ours.
 *
 *     metrics.collect(() => poolMetrics(consoles));
 */
export function poolMetrics(context: ConsoleContext): MetricFamily[] {
  return [...exporterFamilies(context), ...familiesOfAll(context)];
}

/** Under our names, over all threads. */
export function familiesOfAll(context: ConsoleContext): MetricFamily[] {
  const ofOthers = (context.others?.reports ?? []).flatMap(({ metrics }) => metrics);
  return mergeFamilies([...ownFamilies(context), ...ofOthers]);
}

/** One column of a SHOW as a family: its name there, ours here, and what it is multiplied with. */
interface Mapped {
  readonly column: string;
  readonly name: string;
  readonly help: string;
  readonly factor?: number;
}

interface MappedShow {
  readonly show: Show;
  readonly prefix: string;
  readonly kind: 'counter' | 'gauge';
  readonly labels: readonly string[];
  readonly columns: readonly Mapped[];
}

const microseconds = 1e-6;

const databases: MappedShow = {
  show: showDatabases,
  prefix: 'pgbouncer_databases_',
  kind: 'gauge',
  labels: ['name', 'host', 'port', 'database', 'force_user', 'pool_mode'],
  columns: [
    { column: 'pool_size', name: 'pool_size', help: 'Most server connections of a pool' },
    { column: 'reserve_pool_size', name: 'reserve_pool', help: 'Most extra connections of a pool' },
    { column: 'max_connections', name: 'max_connections', help: 'Most server connections' },
    { column: 'current_connections', name: 'current_connections', help: 'Server connections' },
    { column: 'paused', name: 'paused', help: '1 if this database is paused, else 0' },
    { column: 'disabled', name: 'disabled', help: '1 if this database is disabled, else 0' },
  ],
};

const pools: MappedShow = {
  show: showPools,
  prefix: 'pgbouncer_pools_',
  kind: 'gauge',
  labels: ['database', 'user'],
  columns: [
    connections('cl_active', 'client_active', 'Clients that have a server or ask for none'),
    connections('cl_waiting', 'client_waiting', 'Clients that wait for a server'),
    connections('cl_active_cancel_req', 'client_active_cancel', 'Cancel requests on their way'),
    connections('cl_waiting_cancel_req', 'client_waiting_cancel', 'Cancel requests that wait'),
    connections('sv_active', 'server_active', 'Servers that a client has'),
    connections(
      'sv_active_cancel',
      'server_active_cancel',
      'Connections that carry a cancel request',
    ),
    connections(
      'sv_being_canceled',
      'server_being_canceled',
      'Servers that wait for cancel requests to arrive',
    ),
    connections('sv_idle', 'server_idle', 'Servers that nobody has'),
    connections('sv_used', 'server_used', 'Idle servers that are checked before their next use'),
    connections('sv_tested', 'server_testing', 'Servers that are being reset or checked'),
    connections('sv_login', 'server_login', 'Servers that log in'),
  ],
};

const statsTotals: MappedShow = {
  show: showStatsTotals,
  prefix: 'pgbouncer_stats_totals_',
  kind: 'counter',
  labels: ['database'],
  columns: [
    { column: 'query_count', name: 'queries_pooled_total', help: 'Queries' },
    seconds('query_time', 'queries_duration_seconds_total', 'Time that queries took'),
    { column: 'bytes_received', name: 'received_bytes_total', help: 'Bytes from clients' },
    { column: 'bytes_sent', name: 'sent_bytes_total', help: 'Bytes to clients' },
    seconds('wait_time', 'client_wait_seconds_total', 'Time that clients waited for a server'),
    { column: 'xact_count', name: 'sql_transactions_pooled_total', help: 'Transactions' },
    seconds('xact_time', 'server_in_transaction_seconds_total', 'Time that transactions took'),
    {
      column: 'client_parse_count',
      name: 'client_parses_total',
      help: 'Parse messages of clients',
    },
    {
      column: 'server_parse_count',
      name: 'server_parses_total',
      help: 'Parse messages to servers',
    },
    { column: 'bind_count', name: 'binds_total', help: 'Bind messages of clients' },
  ],
};

/** Lines of SHOW LISTS that the exporter calls otherwise. */
const listNames: Readonly<Record<string, string>> = {
  dns_names: 'cached_dns_names',
  dns_zones: 'cached_dns_zones',
  dns_queries: 'in_flight_dns_queries',
};

const listsShown = new Set([
  'databases',
  'users',
  'pools',
  'free_clients',
  'used_clients',
  'login_clients',
  'free_servers',
  'used_servers',
  'dns_names',
  'dns_zones',
  'dns_queries',
]);

/** Settings shown, and the exporter's word for them. */
const configNames: Readonly<Record<string, string>> = {
  max_client_conn: 'max_client_connections',
  max_user_connections: 'max_user_connections',
};

function connections(column: string, name: string, help: string): Mapped {
  return { column, name: `${name}_connections`, help };
}

function seconds(column: string, name: string, help: string): Mapped {
  return { column, name, help, factor: microseconds };
}

function exporterFamilies(context: ConsoleContext): MetricFamily[] {
  return [
    foreignGauge('pgbouncer_up', 'The pooler answers', [{ labels: {}, value: 1 }]),
    foreignGauge('pgbouncer_version_info', 'What the pooler is', [
      { labels: { version: textOf(showVersion.rows(context)[0]?.[0]) }, value: 1 },
    ]),
    ...[databases, pools, statsTotals].flatMap((mapped) => mappedFamilies(mapped, context)),
    maxWait(context),
    ...listFamilies(context),
    ...configFamilies(context),
  ];
}

type ShownRow = Readonly<Record<string, Cell>>;

function recordsOf(show: Show, context: ConsoleContext): ShownRow[] {
  return rowsOf(show, context).map((row) =>
    Object.fromEntries(show.columns.map(({ name }, index) => [name, row[index] ?? null])),
  );
}

function mappedFamilies(mapped: MappedShow, context: ConsoleContext): MetricFamily[] {
  const { prefix, kind, labels, columns } = mapped;
  const records = recordsOf(mapped.show, context);
  return columns.map(({ column, name, help, factor = 1 }) => ({
    name: { foreignName: `${prefix}${name}` },
    kind,
    help,
    samples: records.map((record) => ({
      labels: labelsOf(record, labels),
      value: Number(record[column]) * factor,
    })),
  }));
}

/** With its microseconds, unlike the exporter's. */
function maxWait(context: ConsoleContext): MetricFamily {
  const samples = recordsOf(showPools, context).map((record) => ({
    labels: labelsOf(record, pools.labels),
    value: Number(record['maxwait']) + Number(record['maxwait_us']) * microseconds,
  }));
  const help = 'How long the client that is served next has waited';
  return foreignGauge('pgbouncer_pools_client_maxwait_seconds', help, samples);
}

function listFamilies(context: ConsoleContext): MetricFamily[] {
  return rowsOf(showLists, context).flatMap(([list, items]) => {
    const name = textOf(list);
    if (!listsShown.has(name)) return [];
    const sample = { labels: {}, value: Number(items) };
    const help = `Count of ${name.replaceAll('_', ' ')}`;
    return [foreignGauge(`pgbouncer_${listNames[name] ?? name}`, help, [sample])];
  });
}

function configFamilies(context: ConsoleContext): MetricFamily[] {
  return showConfig.rows(context).flatMap(([key, value]) => {
    const name = configNames[textOf(key)];
    if (name === undefined) return [];
    const samples = [{ labels: {}, value: Number(value) }];
    return [foreignGauge(`pgbouncer_config_${name}`, `The setting ${textOf(key)}`, samples)];
  });
}

/** What pgBouncer cannot tell, of this thread. */
export function ownFamilies({ pooler }: ConsoleContext): MetricFamily[] {
  return [
    latency(
      'wait',
      'How long clients waited for a server, when they had to',
      pooler.pools,
      ({ waits }) => waits,
    ),
    latency('query', 'How long queries took', pooler.pools, ({ queryTimes }) => queryTimes),
    latency(
      'transaction',
      'How long transactions took',
      pooler.pools,
      ({ transactionTimes }) => transactionTimes,
    ),
    {
      name: { room: 'pool', thing: 'pinned', unit: 'connections' },
      kind: 'gauge',
      help: 'Clients that keep their server between transactions, by the reason',
      samples: pooler.pools.flatMap(pinned),
    },
  ];
}

function latency(
  thing: string,
  help: string,
  of: readonly Pool[],
  histogramOf: (traffic: Traffic) => LatencyHistogram,
): MetricFamily {
  const samples = of.map(({ database, user, traffic }) => {
    const { counts, sumUs } = histogramOf(traffic);
    const bounds = latencyBoundsUs.map((us) => us / 1e6);
    return { labels: { database: database.name, user }, bounds, counts, sum: sumUs / 1e6 };
  });
  return { name: { room: 'pool', thing, unit: 'seconds' }, kind: 'histogram', help, samples };
}

function pinned({ database, user, clients }: Pool): Sample[] {
  const counts = new Map<string, number>();
  for (const { pinReason } of clients) {
    if (pinReason !== null) counts.set(pinReason, (counts.get(pinReason) ?? 0) + 1);
  }
  return [...counts].map(([reason, value]) => ({
    labels: { database: database.name, user, reason },
    value,
  }));
}

function foreignGauge(foreignName: string, help: string, samples: readonly Sample[]): MetricFamily {
  return { name: { foreignName }, kind: 'gauge', help, samples };
}

function labelsOf(record: ShownRow, names: readonly string[]): Record<string, string> {
  return Object.fromEntries(names.map((name) => [name, textOf(record[name])]));
}

function textOf(value: Cell | undefined): string {
  return String(value ?? '');
}
