import * as fc from 'fast-check';
import { escapeLiteral, type Client } from 'pg';
import { beforeAll, describe, expect, test } from 'vitest';
import { postgres } from '../../kit/index.ts';
import {
  createTable,
  randomTables,
  statementsOf,
  typeDefinitions,
  type RandomTable,
} from './random-tables.ts';
import { databaseWithOriginal, describeError, hasOriginal, takeRecorded } from './triggers.ts';

describe.runIf(hasOriginal)('random changes of random tables', () => {
  const server = postgres(15);
  let client: Client;

  beforeAll(async () => {
    const database = await databaseWithOriginal(server);
    client = await database.client();
    await client.query(typeDefinitions);
    return () => database.close();
  });

  test.each(['logutriga', 'jsontriga', 'sqltriga'])(
    '%s sends what the original sends, and refuses what it refuses',
    async (trigger) => {
      const runs = { numRuns: Number(process.env['SLUICE_TRIGGER_RUNS'] ?? 60) };
      await fc.assert(
        fc.asyncProperty(randomTables, (table) => compareSides(client, trigger, table)),
        runs,
      );
    },
  );
});

/** Each statement is done twice, once with the triggers of each side alone, and the first is undone. */
async function compareSides(client: Client, trigger: string, table: RandomTable): Promise<void> {
  await client.query('rollback; drop table if exists x.t');
  await client.query(createTable(table));
  for (const side of ['original', 'pgq']) await client.query(createTrigger(side, trigger, table));
  for (const setting of table.settings) await client.query(`set ${setting}`);
  for (const statement of statementsOf(table)) {
    const original = await outcomeOf(client, 'original', statement);
    await client.query('rollback');
    const ours = await outcomeOf(client, 'pgq', statement);
    if (!isStricter(ours, table)) expect(ours).toEqual(original);
    await client.query(typeof ours === 'string' ? 'rollback' : 'commit');
  }
}

/** With `ignore=`, the original does not look at the key when a column before it has changed. */
function isStricter(ours: unknown, { options }: RandomTable): boolean {
  const looksAtAll = options.some((option) => option.startsWith('ignore='));
  return looksAtAll && ours === 'XX000 primary key update not allowed';
}

function createTrigger(side: string, trigger: string, { options }: RandomTable): string {
  const args = ['q', ...options].map((option) => escapeLiteral(option)).join(', ');
  return `create trigger ${side} after insert or update or delete on x.t for each row
    when (current_setting('test.side') = '${side}') execute function ${side}.${trigger}(${args})`;
}

async function outcomeOf(client: Client, side: string, statement: string): Promise<unknown> {
  await client.query(`begin; set local test.side = '${side}'`);
  try {
    await client.query(statement);
    return await takeRecorded(client);
  } catch (error) {
    return describeError(error);
  }
}
