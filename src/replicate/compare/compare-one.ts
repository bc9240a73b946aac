import { displayName, type Table } from '../../catalog/index.ts';
import { systemClock, type Progress, type ProgressTask } from '../../service/index.ts';
import { pairColumns, type CompareUnit } from './compare-unit.ts';
import { findRows, type RangeCounts } from './drill-down.ts';
import { countRanges, type Division } from './ranges.ts';
import type { DifferingRange, TableProblem, TableReport } from './report.ts';
import type { ColumnPair, Digest } from './row-digest.ts';
import { sampleBounds } from './sample-bounds.ts';
import { addSums, countRows, cutTable, findDifferingRanges, scanSpan } from './scan.ts';
import type { RowPlan, Sums } from './scan.ts';
import type { SnapshotPool } from './snapshot-pool.ts';
import { chooseKey } from './table-key.ts';
import { TablesChanged, UnitReader } from './unit-reader.ts';

export interface CompareContext {
  readonly source: SnapshotPool;
  readonly target: SnapshotPool;
  readonly digest: Digest;
  readonly isSameEncoding: boolean;
  readonly rowsPerRange: number;
  readonly maxListed: number;
  readonly progress: Progress;
}

/** A unit with the means to read it. */
interface Comparison {
  readonly unit: CompareUnit;
  readonly source: UnitReader;
  readonly target: UnitReader;
  readonly context: CompareContext;
  readonly task: ProgressTask;
}

/** Results of a pass have a row for each range: more of them would cost more than they help. */
const maxRanges = 4096;

/** Compares one unit; what makes that impossible for this unit alone is in the report. */
export async function compareUnit(
  unit: CompareUnit,
  context: CompareContext,
): Promise<TableReport> {
  const startedMs = systemClock.monotonicMs();
  const seconds = (): number => (systemClock.monotonicMs() - startedMs) / 1000;
  const columns = pairColumns(unit);
  if (columns.problem !== null) {
    return { ...problemReport(unit, columns.problem, columns.evidence), seconds: seconds() };
  }
  const task = context.progress.task(displayName(unit), {
    bytes: countBytes(unit.source) + countBytes(unit.target),
  });
  const source = new UnitReader(context.source, unit);
  const target = new UnitReader(context.target, unit);
  try {
    const found = await compareRows({ unit, source, target, context, task }, columns.pairs);
    if (found.equal) task.done();
    else task.fail('different');
    return { ...found, seconds: seconds() };
  } catch (error) {
    task.fail('not compared');
    if (!(error instanceof TablesChanged)) throw error;
    return { ...problemReport(unit, 'changed while compared', null), seconds: seconds() };
  }
}

/** The report on a unit whose rows were not compared. */
export function problemReport(
  unit: CompareUnit,
  problem: TableProblem,
  evidence: string | null,
): TableReport {
  return {
    schema: unit.schema,
    name: unit.name,
    equal: false,
    position: null,
    problem,
    evidence,
    key: [],
    rows: 0,
    rowsTarget: 0,
    bytes: 0,
    ranges: 0,
    totals: { missing: 0, extra: 0, different: 0 },
    differing: [],
    seconds: 0,
  };
}

async function compareRows(
  comparison: Comparison,
  columns: readonly ColumnPair[],
): Promise<TableReport> {
  const { unit, context } = comparison;
  const division = await divide(comparison, columns);
  const plan = { columns, division, digest: context.digest };
  const [source, target] = await Promise.all([
    scanSide(comparison, plan, comparison.source),
    scanSide(comparison, plan, comparison.target),
  ]);
  const counts = findDifferingRanges(source, target).map((range) => ({
    range,
    rows: source.get(range)?.rows ?? 0,
    rowsTarget: target.get(range)?.rows ?? 0,
  }));
  const differing = await describeRanges(comparison, plan, counts);
  return {
    schema: unit.schema,
    name: unit.name,
    equal: counts.length === 0,
    position: null,
    problem: null,
    evidence: null,
    key: division.kind === 'keys' ? division.key.columns.map(({ pair }) => pair.source.name) : [],
    rows: countRows(source),
    rowsTarget: countRows(target),
    bytes: countBytes(unit.source),
    ranges: countRanges(division),
    totals: {
      missing: sumOf(differing, 'missing'),
      extra: sumOf(differing, 'extra'),
      different: sumOf(differing, 'different'),
    },
    differing,
    seconds: 0,
  };
}

/** Ranges by the key where there is one, else by hash; about `rowsPerRange` rows each. */
async function divide(
  { unit, source, context }: Comparison,
  columns: readonly ColumnPair[],
): Promise<Division> {
  const rows = estimateRows(unit.source);
  const ranges = Math.min(maxRanges, Math.ceil(rows / context.rowsPerRange) || 1);
  const [first] = unit.source;
  const key = first === undefined ? null : chooseKey(first, columns, context.isSameEncoding);
  if (key === null) return { kind: 'hashes', buckets: 2 ** Math.ceil(Math.log2(ranges)) };
  if (ranges === 1) return { kind: 'keys', key, bounds: [] };
  const bounds = await source.run((session) =>
    sampleBounds(session, { key, tables: unit.source, ranges }),
  );
  return { kind: 'keys', key, bounds };
}

/** Never analyzed, or analyzed when it was smaller: then by what a block holds. */
function estimateRows(tables: readonly Table[]): number {
  return tables.reduce(
    (sum, table) => sum + Math.max(table.estimatedRows ?? table.heapBytes / 100, table.blocks),
    0,
  );
}

/** Reads the unit's tables on one side, in parts over the sessions there. */
async function scanSide(
  { unit, task }: Comparison,
  plan: RowPlan,
  reader: UnitReader,
): Promise<Sums> {
  const whole: Sums = new Map();
  const { side } = reader;
  const spans = unit[side].flatMap((table) => cutTable(table, table.blocks));
  await Promise.all(
    spans.map(async (span) => {
      const part = await reader.run((session) => scanSpan(session, plan, span, side));
      addSums(whole, part);
      const share = (span.to ?? Math.max(span.table.blocks, span.from)) - span.from;
      const bytes = (span.table.heapBytes * share) / Math.max(span.table.blocks, 1);
      task.advance({ rows: side === 'source' ? countRows(part) : 0, bytes });
    }),
  );
  return whole;
}

async function describeRanges(
  { unit, source, target, context, task }: Comparison,
  plan: RowPlan,
  counts: readonly RangeCounts[],
): Promise<DifferingRange[]> {
  if (counts.length === 0) return [];
  task.status('finding the rows that differ');
  const drill = { unit, plan, source, target, maxListed: context.maxListed };
  const found = await findRows(drill, counts);
  return counts.map(({ range, rows, rowsTarget }) => {
    const { totals, listed } = found.get(range) ?? noFindings;
    return {
      ...keyRange(plan.division, range),
      rows,
      rowsTarget,
      ...totals,
      listed: listed.toSorted((a, b) => compareKeys(a.key, b.key)),
    };
  });
}

/** For people: whole numbers by value, all else by text. Rows were found in the order of hashes. */
function compareKeys(a: readonly string[], b: readonly string[]): number {
  for (const [i, left] of a.entries()) {
    const right = b[i] ?? '';
    if (left === right) continue;
    const difference = Number(left) - Number(right);
    return Number.isNaN(difference) || difference === 0 ? (left < right ? -1 : 1) : difference;
  }
  return 0;
}

const noFindings = { totals: { missing: 0, extra: 0, different: 0 }, listed: [] };

function keyRange(division: Division, range: number): Pick<DifferingRange, 'from' | 'to'> {
  if (division.kind === 'hashes') return { from: null, to: null };
  return { from: division.bounds[range - 1] ?? null, to: division.bounds[range] ?? null };
}

function sumOf(ranges: readonly DifferingRange[], kind: 'missing' | 'extra' | 'different'): number {
  return ranges.reduce((sum, range) => sum + range[kind], 0);
}

function countBytes(tables: readonly Table[]): number {
  return tables.reduce((sum, table) => sum + table.heapBytes, 0);
}
