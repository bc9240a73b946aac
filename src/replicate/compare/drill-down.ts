import { mergeRows, type KeyDifference } from './merge-rows.ts';
import { isWithin, rangeNumber } from './ranges.ts';
import type { DifferingRow, RowTotals } from './report.ts';
import type { Side } from './row-digest.ts';
import { marksSql, RowMarkReader, toMark, type Condition, type RowMark } from './row-marks.ts';
import type { RowPlan } from './scan.ts';
import type { UnitReader } from './unit-reader.ts';
import type { CompareUnit } from './compare-unit.ts';

/** What differs in one range, row by row. */
export interface RangeFindings {
  readonly totals: { -readonly [Kind in keyof RowTotals]: number };
  readonly listed: DifferingRow[];
}

/** A range that differs, and how many rows each side has in it. */
export interface RangeCounts {
  readonly range: number;
  readonly rows: number;
  readonly rowsTarget: number;
}

export interface DrillDown {
  readonly unit: CompareUnit;
  readonly plan: RowPlan;
  readonly source: UnitReader;
  readonly target: UnitReader;
  /** Rows to list, over all ranges. */
  readonly maxListed: number;
}

/** More separate stretches than this are read in one pass over the table rather than one by one. */
const maxStretches = 32;

/** Finds the rows that differ in the given ranges, by reading these on both sides. */
export async function findRows(
  drill: DrillDown,
  ranges: readonly RangeCounts[],
): Promise<Map<number, RangeFindings>> {
  const found = new Findings(ranges, drill);
  const onOne = ranges.filter(({ rows, rowsTarget }) => rows === 0 || rowsTarget === 0);
  for (const side of ['source', 'target'] as const) {
    const alone = onOne.filter(({ rows }) => (side === 'source') === rows > 0);
    await listSide(drill, side, alone, found);
  }
  const both = ranges.filter((range) => !onOne.includes(range));
  for (const condition of chooseConditions(drill.plan, both)) {
    await mergeSides(drill, condition, (difference) => found.record(difference));
  }
  return found.byRange;
}

class Findings {
  readonly byRange: Map<number, RangeFindings>;
  readonly #hasKey: boolean;
  #left: number;

  constructor(ranges: readonly RangeCounts[], { plan, maxListed }: DrillDown) {
    this.byRange = new Map(
      ranges.map(({ range }) => [
        range,
        { totals: { missing: 0, extra: 0, different: 0 }, listed: [] },
      ]),
    );
    this.#hasKey = plan.division.kind === 'keys';
    this.#left = maxListed;
  }

  /** How many rows may still be listed. */
  get left(): number {
    return this.#left;
  }

  record(difference: KeyDifference): void {
    for (const kind of ['different', 'missing', 'extra'] as const) {
      this.count(difference.range, kind, difference[kind]);
      for (let i = 0; i < difference[kind]; i++) this.list(kind, difference.mark);
    }
  }

  count(range: number, kind: keyof RowTotals, rows: number): void {
    const findings = this.byRange.get(range);
    if (findings !== undefined) findings.totals[kind] += rows;
  }

  list(kind: keyof RowTotals, mark: RowMark): void {
    const findings = this.byRange.get(mark.range);
    if (findings === undefined || this.#left === 0) return;
    this.#left--;
    const key = this.#hasKey ? parseKey(mark.keyText) : [];
    findings.listed.push({ kind, key, digest: digestText(mark) });
  }
}

function parseKey(text: string): string[] {
  const values: unknown = JSON.parse(text);
  return Array.isArray(values) ? values.map(String) : [];
}

function digestText({ hash }: RowMark): string {
  return BigInt.asUintN(64, hash).toString(16).padStart(16, '0');
}

/** Ranges of which the other side has no row at all: counted already, so only some rows are read to be listed. */
async function listSide(
  drill: DrillDown,
  side: Side,
  ranges: readonly RangeCounts[],
  found: Findings,
): Promise<void> {
  const kind = side === 'source' ? 'missing' : 'extra';
  for (const { range, rows, rowsTarget } of ranges) found.count(range, kind, rows + rowsTarget);
  for (const condition of chooseConditions(drill.plan, ranges)) {
    if (found.left === 0) return;
    const sql = marksSql(drill.unit, drill.plan, side, condition, `LIMIT ${found.left}`);
    await drill[side].run(async (session) => {
      const { rows } = await session.query(sql);
      for (const row of rows) found.list(kind, toMark(row));
    });
  }
}

async function mergeSides(
  { unit, plan, source, target }: DrillDown,
  condition: Condition,
  onDifference: (difference: KeyDifference) => void,
): Promise<void> {
  const order = 'ORDER BY range, key, hash';
  await source.run(async (here) => {
    await target.run(async (there) => {
      const [left, right] = await Promise.all([
        RowMarkReader.open(here, marksSql(unit, plan, 'source', condition, order)),
        RowMarkReader.open(there, marksSql(unit, plan, 'target', condition, order)),
      ]);
      await mergeRows(left, right, onDifference);
      await Promise.all([left.close(), right.close()]);
    });
  });
}

/** Each is one pass: a stretch of the key that an index may serve, or all ranges at once. */
function chooseConditions({ division }: RowPlan, counts: readonly RangeCounts[]): Condition[] {
  if (counts.length === 0) return [];
  const ranges = counts.map(({ range }) => range);
  if (division.kind === 'keys' && division.key.isNative) {
    const { key, bounds } = division;
    const stretches = joinRanges(ranges);
    if (stretches.length <= maxStretches) {
      return stretches.map(
        ([first, last]) =>
          (side) =>
            isWithin(key, bounds, side, first, last),
      );
    }
  }
  const list = `'{${ranges.join()}}'::pg_catalog.int4[]`;
  return [(side) => `${rangeNumber(division, side, 'h')} = ANY (${list})`];
}

/** Neighbours become one: `[1, 2, 5]` is `[[1, 2], [5, 5]]`. */
function joinRanges(ranges: readonly number[]): [number, number][] {
  const stretches: [number, number][] = [];
  for (const range of ranges) {
    const last = stretches.at(-1);
    if (last !== undefined && last[1] === range - 1) last[1] = range;
    else stretches.push([range, range]);
  }
  return stretches;
}
