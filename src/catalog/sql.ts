import { readFileSync } from 'node:fs';

/** Anything that runs SQL on one connection: a session of ours, or a `pg` client. */
export interface Queryable {
  query(
    text: string,
    values?: readonly unknown[],
  ): Promise<{ rows: Record<string, unknown>[]; rowCount: number | null }>;
}

/** The text of one SQL operation of this room: `sql/<name>.sql`, beside the code also when built. */
export function loadSql(name: string): string {
  return readFileSync(new URL(`./sql/${name}.sql`, import.meta.url), 'utf8');
}

/**
 * Runs an operation that returns one JSON text a row, in the column `facts`. JSON as text, because
 * that is the one form in which a session (text for everything) and `pg` (parsed values) agree.
 */
export async function readFacts<T>(
  db: Queryable,
  sql: string,
  values?: readonly string[],
): Promise<T[]> {
  const { rows } = await db.query(sql, values);
  return rows.map((row) => {
    const facts: T = JSON.parse(String(row['facts']));
    return facts;
  });
}

/** `{1,2,3}`: oids as one text parameter. */
export function oidArray(oids: readonly number[]): string {
  return `{${oids.join(',')}}`;
}
