import * as fc from 'fast-check';
import { expect, test } from 'vitest';
import {
  mergeRows,
  type KeyDifference,
  type MarkStream,
} from '../../../src/replicate/compare/merge-rows.ts';
import type { RowMark } from '../../../src/replicate/compare/row-marks.ts';

interface Row {
  readonly range: number;
  readonly key: number;
  readonly value: number;
}

const rows = fc.array(
  fc.record({
    range: fc.integer({ min: 0, max: 2 }),
    key: fc.integer({ min: -2, max: 2 }),
    value: fc.integer({ min: 0, max: 2 }),
  }),
  { maxLength: 30 },
);

test('finds what a comparison of both lists, key by key, finds', async () => {
  await fc.assert(
    fc.asyncProperty(rows, rows, fc.integer({ min: 1, max: 5 }), async (left, right, batch) => {
      const found: KeyDifference[] = [];
      await mergeRows(listStream(left, batch), listStream(right, batch), (difference) => {
        found.push(difference);
      });
      expect(found.map(summary)).toEqual(compareLists(left, right));
    }),
    { numRuns: 300 },
  );
});

test('tells a row of the source when a key differs', async () => {
  const found: KeyDifference[] = [];
  const left = [{ range: 0, key: 1, value: 2 }];
  const right = [{ range: 0, key: 1, value: 1 }];
  await mergeRows(listStream(left, 1), listStream(right, 1), (difference) => {
    found.push(difference);
  });
  expect(found).toMatchObject([{ different: 1, missing: 0, extra: 0, mark: { key: 1n } }]);
});

function summary({ range, mark, missing, extra, different }: KeyDifference): string {
  return `${range}/${mark.key}: ${missing} ${extra} ${different}`;
}

/** The slow way: multisets of values for each key. */
function compareLists(left: readonly Row[], right: readonly Row[]): string[] {
  const keys = new Map<string, Row>();
  for (const row of [...left, ...right]) keys.set(`${row.range}/${row.key}`, row);
  return [...keys.values()]
    .toSorted((a, b) => a.range - b.range || a.key - b.key)
    .flatMap(({ range, key }) => {
      const [here, there] = [left, right].map((side) =>
        side.filter((row) => row.range === range && row.key === key).map((row) => row.value),
      );
      const onlyHere = minus(here ?? [], there ?? []);
      const onlyThere = minus(there ?? [], here ?? []);
      if (onlyHere + onlyThere === 0) return [];
      const both = Math.min(onlyHere, onlyThere);
      return [`${range}/${key}: ${onlyHere - both} ${onlyThere - both} ${both}`];
    });
}

function minus(left: readonly number[], right: readonly number[]): number {
  const rest = [...right];
  return left.filter((value) => {
    const at = rest.indexOf(value);
    if (at >= 0) rest.splice(at, 1);
    return at < 0;
  }).length;
}

/** Sorted as a server sorts, handed out in batches as a cursor does. */
function listStream(list: readonly Row[], batch: number): MarkStream {
  const marks = list
    .toSorted((a, b) => a.range - b.range || a.key - b.key || a.value - b.value)
    .map(toMark);
  let from = 0;
  let next = 0;
  return {
    get current() {
      return next < Math.min(from + batch, marks.length) ? (marks[next] ?? null) : null;
    },
    advance() {
      next++;
      return next < from + batch;
    },
    async refill() {
      from += batch;
    },
  };
}

function toMark({ range, key, value }: Row): RowMark {
  return { range, key: BigInt(key), hash: BigInt(value), keyText: `["${key}"]` };
}
