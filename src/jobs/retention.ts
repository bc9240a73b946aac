import type { Client } from 'pg';
import type { Tx } from '../ledger/index.ts';
import { quoteIdentifier, quoteLiteral } from '../session/index.ts';
import { loadSql } from './sql.ts';
import { quoteTable, splitTable } from './table-name.ts';

const findPartitions = loadSql('find-partitions');

/** Whoever reads a partition just now: it goes the next time. */
const lockTimeout = '2s';

/** Says in the database that the table is a partition of a job, which its retention may drop. */
export async function markPartition(tx: Tx, table: string, parent: string): Promise<void> {
  await tx.query(`comment on table ${quoteTable(table)} is ${quoteLiteral(partitionMark(parent))}`);
}

/** Drops the partitions of a table that jobs made and that ended before. @returns their names */
export async function dropPartitions(
  client: Client,
  parent: string,
  before: Date,
): Promise<string[]> {
  const { schema } = splitTable(parent);
  const { rows } = await client.query<{ name: string }>(findPartitions, [
    schema,
    partitionMark(parent),
  ]);
  const old = rows.filter(({ name }) => endOf(name) <= before.getTime()).map(({ name }) => name);
  for (const name of old) {
    await client.query(
      `begin; set local lock_timeout = '${lockTimeout}'; ` +
        `drop table ${quoteIdentifier(schema)}.${quoteIdentifier(name)}; commit`,
    );
  }
  return old;
}

function partitionMark(parent: string): string {
  return `partition of ${parent}, made by sluice jobs`;
}

/** When the day, month or year in a name ends; never for other names. */
function endOf(name: string): number {
  const [, year, month, day] = /_(\d{4})(?:_(\d\d))?(?:_(\d\d))?$/.exec(name) ?? [];
  if (year === undefined) return Infinity;
  if (month === undefined) return Date.UTC(Number(year) + 1, 0);
  if (day === undefined) return Date.UTC(Number(year), Number(month));
  return Date.UTC(Number(year), Number(month) - 1, Number(day) + 1);
}
