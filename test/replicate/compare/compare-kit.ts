import { compareDatabases } from '../../../src/replicate/compare/index.ts';
import type {
  CompareDatabasesOptions,
  CompareReport,
  DifferingRow,
  TableReport,
} from '../../../src/replicate/compare/index.ts';
import type { TestDatabase } from '../../kit/index.ts';

/** Two databases at rest. */
export async function compare(
  source: TestDatabase,
  target: TestDatabase,
  options: Partial<CompareDatabasesOptions> = {},
): Promise<CompareReport> {
  return compareDatabases({ source: source.url, target: target.url, pipeline: null, ...options });
}

export async function compareTable(
  source: TestDatabase,
  target: TestDatabase,
  options: Partial<CompareDatabasesOptions> = {},
): Promise<TableReport> {
  return onlyTable(await compare(source, target, options));
}

export function onlyTable(report: CompareReport): TableReport {
  const [table, ...others] = report.tables;
  if (table === undefined || others.length > 0) {
    throw new Error(`expected one table, got ${report.tables.length}`);
  }
  return table;
}

/** `different 7`, in the order of kind and key. */
export function listed(table: TableReport): string[] {
  return table.differing
    .flatMap((range) => range.listed)
    .map(describe)
    .toSorted();
}

function describe(row: DifferingRow): string {
  return `${row.kind} ${row.key.join(',')}`;
}
