import { qualifiedName } from '../../catalog/index.ts';
import { systemClock, type Progress } from '../../service/index.ts';
import { chooseDigest } from './choose-digest.ts';
import { compareUnit } from './compare-one.ts';
import type { CompareUnit } from './compare-unit.ts';
import type { CompareReport, TableReport } from './report.ts';
import { SnapshotPool, type SnapshotPlace } from './snapshot-pool.ts';

export interface CompareTablesOptions {
  readonly source: SnapshotPlace;
  readonly target: SnapshotPlace;
  readonly tables: readonly CompareUnit[];
  /** Sessions a side; default 2. */
  readonly jobs?: number;
  /** Rows a range is meant to have; default 20,000: about as many are read again for one that differs. */
  readonly rowsPerRange?: number;
  /** Rows to list for each table; default 100. */
  readonly maxListedRows?: number;
  readonly progress: Progress;
  readonly signal: AbortSignal;
}

/**
 * Compares tables as two snapshots have them. Each server reads its side once, hashing rows and adding up
 * hashes by range of the key; only ranges that differ are read again, to tell the rows. Neither rows nor
 * keys gather in memory, and no lock outlasts half a second of reading.
 *
 * @throws COMPARE_DENIED  not all rows may be read
 * @throws COMPARE_SNAPSHOT_LOST  a session that kept a snapshot has ended
 */
export async function compareTables(options: CompareTablesOptions): Promise<CompareReport> {
  const startedMs = systemClock.monotonicMs();
  const jobs = options.jobs ?? 2;
  // Whatever fails ends the work on both sides.
  const failure = new AbortController();
  const signal = AbortSignal.any([options.signal, failure.signal]);
  const source = new SnapshotPool('source', options.source, jobs, signal);
  const target = new SnapshotPool('target', options.target, jobs, signal);
  const closeBoth = async (): Promise<void> => {
    await Promise.all([source.close(), target.close()]);
  };
  const onAbort = (): void => void closeBoth();
  signal.addEventListener('abort', onAbort, { once: true });
  try {
    signal.throwIfAborted();
    const digest = await chooseDigest(source, target);
    const task = options.progress.task('compare', { bytes: countBytes(options.tables) });
    const context = {
      source,
      target,
      ...digest,
      rowsPerRange: options.rowsPerRange ?? 20_000,
      maxListed: options.maxListedRows ?? 100,
      progress: task,
    };
    // One more table than sessions: its first statements go out while the last parts of others are read.
    const reports = await mapInOrder(options.tables, jobs + 1, (unit) =>
      compareUnit(unit, context),
    );
    task.done();
    return makeReport(reports, (systemClock.monotonicMs() - startedMs) / 1000);
  } catch (error) {
    failure.abort(error);
    throw error;
  } finally {
    signal.removeEventListener('abort', onAbort);
    await closeBoth();
  }
}

/** Joins what was found, whatever the order it was found in. */
export function makeReport(
  tables: readonly TableReport[],
  seconds: number,
  position: string | null = null,
): CompareReport {
  return {
    position,
    equal: tables.every((table) => table.equal),
    tables: tables.toSorted((a, b) => (qualifiedName(a) < qualifiedName(b) ? -1 : 1)),
    rows: tables.reduce((sum, table) => sum + table.rows, 0),
    bytes: tables.reduce((sum, table) => sum + table.bytes, 0),
    seconds,
  };
}

function countBytes(units: readonly CompareUnit[]): number {
  return units
    .flatMap((unit) => [...unit.source, ...unit.target])
    .reduce((sum, table) => sum + table.heapBytes, 0);
}

/** The largest first, so that no large one is begun last; `limit` at a time. */
async function mapInOrder(
  units: readonly CompareUnit[],
  limit: number,
  work: (unit: CompareUnit) => Promise<TableReport>,
): Promise<TableReport[]> {
  const queue = units.toSorted((a, b) => countBytes([b]) - countBytes([a]));
  const reports: TableReport[] = [];
  const worker = async (): Promise<void> => {
    for (let unit = queue.shift(); unit !== undefined; unit = queue.shift()) {
      reports.push(await work(unit));
    }
  };
  await Promise.all(Array.from({ length: limit }, worker));
  return reports;
}
