import { z } from 'zod';
import { SluiceError } from '../../../errors/index.ts';
import type { Session } from '../../../session/index.ts';
import { loadSql } from '../../sql.ts';
import { quoteTable } from '../../table-name.ts';

const archiveTable = loadSql('archive-table');

const columns = z.array(z.string());
const key = z.array(z.object({ name: z.string(), type: z.string() }));

/** What moving a table's rows needs to know of it. */
export interface TableFacts {
  /** Those that have values of their own. */
  readonly columns: readonly string[];
  readonly key: readonly { readonly name: string; readonly type: string }[];
}

/** @throws JOBS_ARCHIVE_TABLE  its rows cannot be moved */
export async function readTable(job: string, table: string, source: Session): Promise<TableFacts> {
  const refuse = (problem: string) =>
    new SluiceError('JOBS_ARCHIVE_TABLE', { job, table, problem });
  const { rows } = await source.query(archiveTable, [quoteTable(table)]);
  const [row] = rows;
  if (row === undefined) throw refuse('is not there');
  if (row['key'] === null) throw refuse('has no primary key');
  if (row['dependents'] !== null) {
    throw refuse(`deleting its rows would delete or change rows of ${row['dependents']}`);
  }
  return {
    columns: columns.parse(JSON.parse(row['columns'] ?? '[]')),
    key: key.parse(JSON.parse(row['key'] ?? '[]')),
  };
}
