import { Client } from 'pg';

/** Run SQL on a connection of its own; the rows of the last statement. */
export async function runSql(url: string, sql: string): Promise<Record<string, unknown>[]> {
  const client = new Client({ connectionString: url, application_name: 'test' });
  await client.connect();
  try {
    const results: unknown = await client.query<Record<string, unknown>>(sql);
    const last: unknown = Array.isArray(results) ? results.at(-1) : results;
    return isResult(last) ? last.rows : [];
  } finally {
    await client.end();
  }
}

function isResult(value: unknown): value is { rows: Record<string, unknown>[] } {
  return typeof value === 'object' && value !== null && 'rows' in value;
}
