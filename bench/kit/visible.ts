import { Client } from 'pg';
import { waitFor } from '../../test/kit/wait.ts';

/**
 * Wait until a row shows on the target: what a user sees, whichever program carried it.
 *
 * @param sql gives one row once it is there
 * @returns milliseconds since `startedAt`, of the poll that saw it (every 5 ms)
 */
export async function waitUntilVisible(
  url: string,
  sql: string,
  startedAt: number,
  timeoutMs = 300_000,
): Promise<number> {
  const client = new Client({ connectionString: url, application_name: 'bench' });
  await client.connect();
  try {
    const check = async (): Promise<boolean> => (await client.query(sql)).rows.length > 0;
    await waitFor(`rows of ${sql}`, check, { timeoutMs, everyMs: 5 });
    return performance.now() - startedAt;
  } finally {
    await client.end();
  }
}
