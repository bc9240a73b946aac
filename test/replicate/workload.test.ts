import * as fc from 'fast-check';
import { describe, test } from 'vitest';
import type { ReplicationOptions } from '../../src/replicate/index.ts';
import { anyMajor, expectSameRows, majors, postgres, type TestDatabase } from '../kit/index.ts';
import {
  insertOnlyTables,
  runWorkload,
  workload,
  workloadOf,
  workloadSchema,
  workloadTables,
} from '../kit/workload/index.ts';
import { runOnce } from './run-pipeline.ts';

const newest = majors[0] ?? anyMajor;
/** UPDATE and DELETE of the others are not published, here on request. */
const followable = workloadTables.filter((table) => !insertOnlyTables.includes(table));
const oldest = majors.at(-1) ?? anyMajor;

describe.each([
  [oldest, newest],
  [newest, oldest],
  [anyMajor, anyMajor],
])('from %i to %i', (from, to) => {
  const source = postgres(from);
  const target = postgres(to);

  /** Copies a database that has rows, then follows what a workload does to it. */
  async function followed(
    seed: number,
    options: Partial<ReplicationOptions> = {},
  ): Promise<[TestDatabase, TestDatabase]> {
    const here = await source.database(workloadSchema({ major: Math.min(from, to) }));
    const there = await target.database(
      workloadSchema({ major: Math.min(from, to), isReordered: true }),
    );
    const client = await here.client();
    const workloadOptions = { minTransactions: 40, maxTransactions: 40 };
    // A keyless table published whole would make its own updates fail, so it is written before only.
    await runWorkload(client, workloadOf(seed, workloadOptions));
    await runOnce(here, there, options);
    await expectSameRows(here, there);
    await runWorkload(client, workloadOf(seed + 1, { ...workloadOptions, tables: followable }));
    await runOnce(here, there, options);
    await expectSameRows(here, there);
    return [here, there];
  }

  test('a random workload arrives, in batches of any size', async () => {
    await followed(11);
  });

  test('a random workload arrives row by row', async () => {
    await followed(12, { applyLimits: { segmentChanges: 20 } });
  });

  test('a random workload arrives, read through SQL in small pieces', async () => {
    const backlog = { fromBytes: 0, nearBytes: 0, pieceBytes: 64 * 1024, pieceChanges: 20 };
    await followed(14, { backlog, applyLimits: { segmentChanges: 100 } });
  });

  test('a random workload arrives through segments that cut transactions', async () => {
    await followed(13, { applyLimits: { segmentBytes: 4 * 1024, segmentChanges: 100 } });
  });
});

describe('on one major', () => {
  const source = postgres(anyMajor);
  const target = postgres(anyMajor);

  test('many random programs arrive, each batch on top of the last', async () => {
    const here = await source.database(workloadSchema({ major: anyMajor }));
    const there = await target.database(workloadSchema({ major: anyMajor }));
    const client = await here.client();
    await runOnce(here, there);
    await fc.assert(
      fc.asyncProperty(
        workload({ tables: followable, maxTransactions: 15 }),
        fc.constantFrom(20, 200, 50_000),
        async (transactions, segmentChanges) => {
          await runWorkload(client, transactions);
          await runOnce(here, there, { applyLimits: { segmentChanges } });
          await expectSameRows(here, there);
        },
      ),
      { numRuns: 12, endOnFailure: true },
    );
  });
});
