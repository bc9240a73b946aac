import { stages, type DemoReport, type KeptDemo } from '../demo/index.ts';
import { summarizeReport } from '../replicate/index.ts';
import { formatByteSize } from '../service/index.ts';
import { formatColumns } from './columns.ts';
import { formatCount, formatDuration } from './progress/text.ts';

/** What the demo did and found, on one screen. */
export function describeDemo(report: DemoReport): string {
  const { shop, writer, replication, compare, seconds } = report;
  const { rowsCopied, bytesCopied, changesApplied, transactionsApplied } = replication;
  const rows = [
    ['moved', `a shop of ${formatCount(shop.rows)} rows in ${shop.tables} tables`],
    ['', `from PostgreSQL ${report.source.version} to ${report.target.version}`],
    ['written', `${formatCount(writer.transactions)} transactions meanwhile`],
    [
      '',
      `${formatCount(writer.transactionsPerSecond)} a second, the last one before the comparison`,
    ],
    ['copied', `${formatCount(rowsCopied)} rows, ${formatByteSize(bytesCopied)}`],
    ['', describeRates(rowsCopied, bytesCopied, seconds.copy)],
    [
      'applied',
      `${formatCount(changesApplied)} changes of ${formatCount(transactionsApplied)} transactions`,
    ],
    ['peak lag', describeLag(report)],
    ['compared', `${formatCount(compare.rows)} rows in ${compare.tables.length} tables`],
    ['', describeRates(compare.rows, compare.bytes, seconds.compare)],
    ['time', describeTimes(report)],
  ];
  const indented = rows.map(([name = '', text = '']) => [`  ${name}`, text]);
  return `\n${describeVerdict(report)}\n\n${formatColumns(indented)}`;
}

/** How to look at what `--keep` leaves running, and how to end it. */
export function describeKept(kept: KeptDemo, sluice: string): string {
  const place = `--source ${quote(kept.source)} --target ${quote(kept.target)}`;
  return `
Both servers, the pipeline and the shop's writer (${kept.transactionsPerSecond} transactions a second) go on until Ctrl-C.

  source   psql ${quote(kept.source)}
  target   psql ${quote(kept.target)}

Write on the source:      insert into shop.coupon values ('MINE', 50, '[today,)');
and see it on the target: select * from shop.coupon where code = 'MINE';

Ask sluice about the pipeline:
  ${sluice} replicate status ${place} --name ${kept.pipeline}
`;
}

function describeVerdict({ compare }: DemoReport): string {
  if (compare.equal) return 'Both sides are equal: every row is there, and none twice.';
  return `The two sides differ:\n${summarizeReport(compare)}`;
}

function describeLag({ peakLagBytes, peakLagSeconds, seconds }: DemoReport): string {
  const peak = `${formatByteSize(peakLagBytes)}, ${formatDuration(peakLagSeconds * 1000)}`;
  const toZero = formatDuration(seconds['catch up'] * 1000);
  return `${peak}; all applied ${toZero} after the writer's last commit`;
}

function describeTimes({ seconds, totalSeconds }: DemoReport): string {
  const parts = stages.map((stage) => `${stage} ${formatDuration(seconds[stage] * 1000)}`);
  return `${formatDuration(totalSeconds * 1000)}: ${parts.join(', ')}`;
}

function describeRates(rows: number, bytes: number, seconds: number): string {
  const perSecond = (amount: number): number => Math.round(amount / Math.max(seconds, 0.001));
  return `${formatCount(perSecond(rows))} rows/s, ${formatByteSize(perSecond(bytes))}/s`;
}

/** For a shell. */
function quote(text: string): string {
  return `'${text.replaceAll("'", String.raw`'\''`)}'`;
}
