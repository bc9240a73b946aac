import type { TestDatabase } from './database.ts';

/** Rows of one table on one side, as text, columns in the order of their names. */
interface Content {
  readonly rows: number;
  readonly digest: string;
}

/**
 * The tests' own judge, independent of Sluice's `compare`: both databases hold the same tables with the
 * same rows.
 *
 * @param tables qualified and quoted as SQL wants it; default every table outside our own schemas
 * @throws Error naming tables and a few rows that only one side has
 */
export async function expectSameRows(
  source: TestDatabase,
  target: TestDatabase,
  tables?: readonly string[],
): Promise<void> {
  const differences: string[] = [];
  for (const table of tables ?? (await userTables(source))) {
    const [left, right] = await Promise.all([
      readContent(source, table),
      readContent(target, table),
    ]);
    if (left.digest === right.digest && left.rows === right.rows) continue;
    differences.push(await describeDifference(source, target, table));
  }
  if (differences.length > 0)
    throw new Error(`source and target differ:\n${differences.join('\n')}`);
}

async function readContent(database: TestDatabase, table: string): Promise<Content> {
  const [content] = await database.rows<{ rows: string; digest: string }>(
    `SELECT count(*) AS rows, md5(coalesce(string_agg(digest, '' ORDER BY digest COLLATE "C"), '')) AS digest
       FROM (SELECT md5(line) AS digest FROM (${await linesSql(database, table)}) AS lines) AS digests`,
  );
  return { rows: Number(content?.rows), digest: content?.digest ?? '' };
}

async function describeDifference(
  source: TestDatabase,
  target: TestDatabase,
  table: string,
): Promise<string> {
  const left = await readLines(source, table);
  const right = await readLines(target, table);
  const onlyLeft = minus(left, right);
  const onlyRight = minus(right, left);
  return [
    `${table}: ${left.length} rows in the source, ${right.length} in the target`,
    ...onlyLeft.slice(0, 5).map((line) => `  only source: ${line.slice(0, 300)}`),
    ...onlyRight.slice(0, 5).map((line) => `  only target: ${line.slice(0, 300)}`),
  ].join('\n');
}

async function readLines(database: TestDatabase, table: string): Promise<string[]> {
  const rows = await database.rows<{ line: string }>(await linesSql(database, table));
  return rows.map(({ line }) => line);
}

async function linesSql(database: TestDatabase, table: string): Promise<string> {
  const columns = await database.rows<{ name: string }>(
    `SELECT quote_ident(attname) AS name FROM pg_attribute
      WHERE attrelid = $1::regclass AND attnum > 0 AND NOT attisdropped ORDER BY attname COLLATE "C"`,
    [table],
  );
  return `SELECT row(${columns.map(({ name }) => name).join(', ')})::text AS line FROM ${table}`;
}

async function userTables(database: TestDatabase): Promise<string[]> {
  const rows = await database.rows<{ name: string }>(
    `SELECT format('%I.%I', nspname, relname) AS name
       FROM pg_class JOIN pg_namespace n ON n.oid = relnamespace
      WHERE relkind IN ('r', 'p') AND NOT relispartition
        AND nspname NOT IN ('pg_catalog', 'information_schema', 'sluice') AND nspname !~ '^pg_'
      ORDER BY 1`,
  );
  return rows.map(({ name }) => name);
}

/** Multiset difference. */
function minus(left: readonly string[], right: readonly string[]): string[] {
  const counts = new Map<string, number>();
  for (const line of right) counts.set(line, (counts.get(line) ?? 0) + 1);
  return left.filter((line) => {
    const count = counts.get(line) ?? 0;
    counts.set(line, count - 1);
    return count <= 0;
  });
}
