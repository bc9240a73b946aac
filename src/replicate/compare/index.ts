export { alignSnapshots } from './align.ts';
export { compareDatabases } from './compare-databases.ts';
export { compareTables } from './compare-tables.ts';
export { makeUnits } from './compare-unit.ts';
export { summarizeReport } from './report.ts';

export type { AlignedPipeline, Alignment, AlignOptions } from './align.ts';
export type { CompareDatabasesOptions } from './compare-databases.ts';
export type { CompareTablesOptions } from './compare-tables.ts';
export type { CompareUnit } from './compare-unit.ts';
export type {
  CompareReport,
  DifferingRange,
  DifferingRow,
  RowTotals,
  TableProblem,
  TableReport,
} from './report.ts';
export type { SnapshotPlace } from './snapshot-pool.ts';
