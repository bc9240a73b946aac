import type { TestDatabase } from '../../kit/index.ts';
import type { Case } from './cases.ts';
import { describeError, takeRecorded } from './triggers.ts';

/** Runs a case's statements and writes down, one after the other, what each has sent or why it was refused. */
export async function runCase(
  database: TestDatabase,
  { statements }: Case,
  triggerFunction: string,
): Promise<string> {
  await database.query('drop schema if exists x cascade; create schema x');
  const client = await database.client();
  await client.query("set timezone to 'UTC'; set search_path to x, public");
  const lines: string[] = [];
  for (const statement of statements) {
    lines.push(`> ${statement.replaceAll(/\s+/g, ' ')}`);
    try {
      await client.query(statement.replaceAll('TRIGA', triggerFunction));
    } catch (error) {
      lines.push(`! ${describeError(error)}`);
    }
    lines.push(...(await takeRecorded(client)).map((event) => JSON.stringify(event)));
  }
  await client.end();
  return `${lines.join('\n')}\n`;
}
