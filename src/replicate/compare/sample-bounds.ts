import { qualifiedName, type Table } from '../../catalog/index.ts';
import type { Session } from '../../session/index.ts';
import type { Bounds } from './ranges.ts';
import { boundExpression, type TableKey } from './table-key.ts';

export interface SampleOptions {
  readonly key: TableKey;
  readonly tables: readonly Table[];
  /** How many ranges are wanted. */
  readonly ranges: number;
}

/** Rows of one block often have neighbouring keys: it is blocks that count. Enough that a range is seldom twice the mean. */
const blocksPerRange = 6;

/** Bounds that divide the rows into about equal ranges, from a sample of the source's blocks. */
export async function sampleBounds(session: Session, options: SampleOptions): Promise<Bounds> {
  if (options.ranges <= 1) return [];
  const { rows } = await session.query(sampleSql(options));
  return rows.map((row) => options.key.columns.map((_, i) => row[`k${i}`] ?? ''));
}

/** Every n-th key of the sample in the order that both servers agree on; none twice. */
export function sampleSql({ key, tables, ranges }: SampleOptions): string {
  const blocks = tables.reduce((sum, table) => sum + table.blocks, 0);
  const percent = Math.min(100, (ranges * blocksPerRange * 100) / Math.max(blocks, 1));
  const names = key.columns.map((_, i) => `k${i}`).join(', ');
  const values = key.columns.map((column, i) => `${boundExpression(column, 'source')} AS k${i}`);
  const samples = tables.map(
    (table) => `
    SELECT ${values.join(', ')} FROM ONLY ${qualifiedName(table)} AS t
      TABLESAMPLE SYSTEM (${percent}) REPEATABLE (1)`,
  );
  const texts = key.columns.map((_, i) => `k${i}::pg_catalog.text AS k${i}`);
  return `
SELECT ${texts.join(', ')} FROM (
  SELECT DISTINCT ${names} FROM (
    SELECT ${names}, row_number() OVER (ORDER BY ${names}) AS place, count(*) OVER () AS total
    FROM (${samples.join(' UNION ALL ')}) AS samples
  ) AS placed
  WHERE place % greatest(total / ${ranges}, 1) = 0
) AS bounds ORDER BY ${names
    .split(', ')
    .map((name) => `bounds.${name}`)
    .join(', ')}`;
}
