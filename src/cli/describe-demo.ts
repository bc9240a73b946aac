import { stages, type DemoReport, type KeptDemo } from '../demo/index.ts';
import { summarizeReport } from '../replicate/index.ts';
import { formatByteSize } from '../service/index.ts';
import { formatColumns } from './columns.ts';
import { countOf, formatCount, formatDuration } from './progress/text.ts';

/** What the demo did and found, on one screen. */
export function describeDemo(report: DemoReport): string {
  const { shop, writer, replication, compare, seconds } = report;
  const { rowsCopied, bytesCopied, changesApplied, transactionsApplied } = replication;
  const rows = [
    ['moved', `a shop of ${countOf(shop.rows, 'row')} in ${countOf(shop.tables, 'table')}`],
    ['', `from PostgreSQL ${report.source.version} to ${report.target.version}`],
    ['written', `${countOf(writer.transactions, 'transaction')} meanwhile`],
    ['', `${formatCount(writer.transactionsPerSecond)} a second, also while tables were copied`],
    ['copied', `${countOf(rowsCopied, 'row')}, ${formatByteSize(bytesCopied)}`],
    ['', describeRates(rowsCopied, bytesCopied, seconds.copy)],
    [
      'applied',
      `${countOf(changesApplied, 'change')} of ${countOf(transactionsApplied, 'transaction')}`,
    ],
    ['', `${formatCount(changesApplied / (seconds.follow + seconds['catch up']))} changes/s`],
    ['peak lag', describeLag(report)],
    ['compared', `${countOf(compare.rows, 'row')} in ${countOf(compare.tables.length, 'table')}`],
    ['', describeRates(compare.rows, compare.bytes, seconds.compare)],
    ...describeSwitch(report),
    ['time', formatDuration(report.totalSeconds * 1000)],
    ['', describeStages(report, 0, 4)],
    ['', describeStages(report, 4)],
  ];
  const indented = rows.map(([name = '', text = '']) => [`  ${name}`, text]);
  return `\n${describeVerdict(report)}\n\n${formatColumns(indented)}`;
}

/** How to look at what `--keep` leaves running, and how to end it. */
export function describeKept(kept: KeptDemo, sluice: string): string {
  const pipeline = `${kept.pipeline} --config ${kept.configFile}`;
  return `
Both servers, the pipeline, the pool and the writer (now ${kept.transactionsPerSecond} transactions a second) go on until Ctrl-C.

  source   psql ${quote(kept.source)}
  target   psql ${quote(kept.target)}
  pool     psql ${quote(kept.pool)}
  console  psql ${quote(kept.console)} -c 'show pools'

Write on the source, and see it on the target:
  insert into shop.customer (email, name) values ('me@example.com', 'Me');
  select * from shop.customer where email = 'me@example.com';

See how the pipeline stands, and compare both sides while they are written to:
  ${sluice} replicate status ${pipeline}
  ${sluice} replicate compare ${pipeline}
`;
}

function describeSwitch({ switched }: DemoReport): [string, string][] {
  if (switched === null) return [];
  const { pausedMs, longestTransactionMs, acknowledged, missing } = switched;
  return [
    ['switched', `the tills were held for ${formatDuration(pausedMs)}`],
    ['', `the longest transaction took ${formatDuration(longestTransactionMs)}`],
    ['', `${missing || 'none'} of ${countOf(acknowledged, 'acknowledged transaction')} missing`],
  ];
}

function describeVerdict({ compare }: DemoReport): string {
  if (compare.equal) return 'Both sides are equal: every row is there, and none twice.';
  return `The two sides differ:\n${summarizeReport(compare)}`;
}

function describeLag({ peakLagBytes, peakLagSeconds }: DemoReport): string {
  return `${formatByteSize(peakLagBytes)}, ${formatDuration(peakLagSeconds * 1000)}`;
}

function describeStages({ seconds }: DemoReport, from: number, to?: number): string {
  const shown = stages.slice(from, to);
  return shown
    .filter((stage) => seconds[stage] > 0)
    .map((stage) => `${stage} ${formatDuration(seconds[stage] * 1000)}`)
    .join(', ');
}

function describeRates(rows: number, bytes: number, seconds: number): string {
  const perSecond = (amount: number): number => Math.round(amount / Math.max(seconds, 0.001));
  return `${formatCount(perSecond(rows))} rows/s, ${formatByteSize(perSecond(bytes))}/s`;
}

/** For a shell. */
function quote(text: string): string {
  return `'${text.replaceAll("'", String.raw`'\''`)}'`;
}
