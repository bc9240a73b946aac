import * as fc from 'fast-check';
import { escapeIdentifier, escapeLiteral, type Client } from 'pg';
import { beforeAll, describe, expect, test } from 'vitest';
import { decodeRow, type Row } from '../../../src/queue/index.ts';
import { majors, postgres } from '../../kit/index.ts';
import {
  createTable,
  randomTables,
  statementsOf,
  typeDefinitions,
  type RandomTable,
} from './random-tables.ts';
import { recordingDatabase, takeRecorded, type Recorded } from './triggers.ts';

/** Fields of the event are not columns of the row, and servers may lack XML. */
const wholeRows = randomTables.filter(({ columns }) =>
  columns.every(({ name, type }) => !name.startsWith('_pgq_ev_') && type !== 'xml'),
);

/** Types with values that are equal and not the same; sqltriga does not send such a change, as the original. */
const looseType = /^(numeric|float|bpchar|interval|jsonb|numrange|text collate)/;
const strictRows = wholeRows.filter(
  ({ columns }) =>
    columns.some(({ isKey }) => isKey) && columns.every(({ type }) => !looseType.test(type)),
);

describe.each(majors)('on PostgreSQL %i', (major) => {
  const server = postgres(major);
  let client: Client;

  beforeAll(async () => {
    const database = await recordingDatabase(server);
    client = await database.client();
    await client.query(typeDefinitions);
    return () => database.close();
  });

  test.each(['logutriga', 'jsontriga'])(
    'rows of %s are whole: decoded, they are the rows',
    async (trigger) => {
      await fc.assert(
        fc.asyncProperty(wholeRows, async (table) => {
          await prepare(client, table, trigger);
          const [first] = statementsOf(table);
          await client.query(first!);
          const [event] = await takeRecorded(client);
          await client.query(insertInto(decodeEvent(event!)));
          await expectEqualTables(client);
        }),
        { numRuns: 30, endOnFailure: true },
      );
    },
  );

  test('statements of sqltriga do to a copy what was done to the table', async () => {
    await fc.assert(
      fc.asyncProperty(strictRows, async (table) => {
        await prepare(client, table, 'sqltriga');
        for (const statement of statementsOf(table)) {
          await client.query(statement).catch(() => undefined);
          for (const event of await takeRecorded(client)) await client.query(applied(event));
          await expectEqualTables(client);
        }
      }),
      { numRuns: 30, endOnFailure: true },
    );
  });
});

async function prepare(client: Client, table: RandomTable, trigger: string): Promise<void> {
  await client.query('drop table if exists x.t, x.copy');
  await client.query(createTable(table));
  await client.query('create table x.copy (like x.t)');
  await client.query(
    `create trigger t after insert or update or delete on x.t
      for each row execute function pgq.${trigger}('q')`,
  );
}

function decodeEvent([type, data, extra1, extra2]: Recorded): Row {
  return decodeRow({ type: type!, data: data!, extra1: extra1!, extra2: extra2! }).row;
}

function insertInto(row: Row): string {
  const names = Object.keys(row).map((name) => escapeIdentifier(name));
  const values = Object.values(row).map((value) =>
    value === null ? 'null' : escapeLiteral(String(value)),
  );
  return `insert into x.copy (${names.join(', ')}) values (${values.join(', ')})`;
}

function applied([type, data]: Recorded): string {
  if (type === 'I') return `insert into x.copy ${data}`;
  return type === 'U' ? `update x.copy set ${data}` : `delete from x.copy where ${data}`;
}

async function expectEqualTables(client: Client): Promise<void> {
  const rowsOf = async (table: string): Promise<unknown> =>
    (await client.query(`select t::text as row from ${table} t order by 1`)).rows;
  expect(await rowsOf('x.copy')).toEqual(await rowsOf('x.t'));
}
