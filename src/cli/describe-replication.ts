import type { PipelineReport, ReplicationStatus } from '../replicate/index.ts';
import { formatByteSize } from '../service/index.ts';
import { formatColumns } from './columns.ts';
import { countOf } from './progress/text.ts';

/** What a run did, when it ends. */
export function describeSummary(status: ReplicationStatus): string {
  return formatColumns([
    [status.name, status.phase],
    ['copied', `${countOf(status.rowsCopied, 'row')}, ${formatByteSize(status.bytesCopied)}`],
    [
      'applied',
      `${countOf(status.changesApplied, 'change')} of ${countOf(status.transactionsApplied, 'transaction')}`,
    ],
    ['position', status.position ?? 'none yet'],
    ['peak lag', formatByteSize(status.peakLagBytes)],
  ]);
}

/** What the ledger and the source say of a pipeline. */
export function describeReport(report: PipelineReport): string {
  const { source } = report;
  const lines = [
    [report.name, report.isRunning ? 'running' : 'not running'],
    ['  position', describePosition(report)],
    ['  lag', source?.lagBytes === undefined ? 'unknown' : describeLag(source.lagBytes)],
    ['  slot', `${report.slot}${source === null ? '' : describeSlot(source.slot)}`],
    ['  publication', report.publication],
    ['  tables', describeStates(report)],
  ];
  const unfinished = report.tables
    .filter((table) => table.state !== 'ready')
    .map((table) => [`    ${table.schema}.${table.name}`, table.state]);
  return formatColumns([...lines, ...unfinished]);
}

function describePosition({ position, positionWrittenAt }: PipelineReport): string {
  if (position === null) return 'none yet';
  return positionWrittenAt === null ? position : `${position}, written ${positionWrittenAt}`;
}

/** The source's whole WAL counts, ours or not, since only a running pipeline knows which of it is for us. */
function describeLag(lagBytes: number | null): string {
  return lagBytes === null ? 'unknown' : `at most ${formatByteSize(lagBytes)}`;
}

function describeSlot(slot: NonNullable<PipelineReport['source']>['slot']): string {
  if (slot === null) return ', missing on the source';
  if (slot.invalidationReason !== null) return `, invalidated: ${slot.invalidationReason}`;
  const state = slot.isActive ? 'active' : 'not active';
  return `, ${state}, confirmed ${slot.confirmed ?? 'nothing'}, WAL ${slot.walStatus ?? 'unknown'}`;
}

function describeStates({ tables }: PipelineReport): string {
  const byState = Map.groupBy(tables, (table) => table.state);
  const counts = [...byState].map(([state, those]) => `${those.length} ${state}`);
  return counts.length === 0 ? 'none' : counts.join(', ');
}
