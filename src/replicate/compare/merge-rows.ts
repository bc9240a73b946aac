import type { RowMark } from './row-marks.ts';
import type { RowTotals } from './report.ts';

/** A sorted stream of rows; `RowMarkReader`, or a list in tests. */
export interface MarkStream {
  readonly current: RowMark | null;
  advance(): boolean;
  refill(): Promise<void>;
}

/** What differs under one key of one range. More than one only where a key is not unique, or absent. */
export interface KeyDifference extends RowTotals {
  readonly range: number;
  /** A row of it, of the source when that has one. */
  readonly mark: RowMark;
}

/**
 * Walks through both sides at once and tells, key by key, what only one of them has. A row that is missing
 * and one that is extra under the same key are one different row. Keeps one row of each side in memory.
 */
export async function mergeRows(
  source: MarkStream,
  target: MarkStream,
  onDifference: (difference: KeyDifference) => void,
): Promise<void> {
  let group: KeyGroup | null = null;
  for (;;) {
    const left = source.current;
    const right = target.current;
    if (left === null && right === null) break;
    const order = compareMarks(left, right);
    const mark = order <= 0 ? left : right;
    if (mark === null) break;
    if (group !== null && !group.holds(mark)) {
      group.tell(onDifference);
      group = null;
    }
    if (order !== 0) {
      group ??= new KeyGroup(mark);
      if (order < 0) group.missing++;
      else group.extra++;
    }
    if (order <= 0 && !source.advance()) await source.refill();
    if (order >= 0 && !target.advance()) await target.refill();
  }
  group?.tell(onDifference);
}

class KeyGroup {
  missing = 0;
  extra = 0;
  readonly #mark: RowMark;

  constructor(mark: RowMark) {
    this.#mark = mark;
  }

  holds(mark: RowMark): boolean {
    return mark.range === this.#mark.range && mark.key === this.#mark.key;
  }

  tell(onDifference: (difference: KeyDifference) => void): void {
    const different = Math.min(this.missing, this.extra);
    onDifference({
      range: this.#mark.range,
      mark: this.#mark,
      different,
      missing: this.missing - different,
      extra: this.extra - different,
    });
  }
}

/** As the servers order them; the end comes after every row. */
function compareMarks(a: RowMark | null, b: RowMark | null): number {
  if (a === null) return 1;
  if (b === null) return -1;
  return a.range - b.range || compareNumbers(a.key, b.key) || compareNumbers(a.hash, b.hash);
}

function compareNumbers(a: bigint, b: bigint): number {
  if (a === b) return 0;
  return a < b ? -1 : 1;
}
