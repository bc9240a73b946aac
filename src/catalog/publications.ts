import { loadSql, readFacts, type Queryable } from './sql.ts';
import type { TableName } from './table.ts';

export interface PublishedTable extends TableName {
  readonly oid: number;
  /** The row filter's SQL. */
  readonly filter: string | null;
  /** The column list; null is all columns. */
  readonly columns: readonly string[] | null;
}

export interface Publication {
  readonly name: string;
  readonly owner: string;
  /** The connected role owns it, directly or as a member. */
  readonly isOurs: boolean;
  readonly allTables: boolean;
  readonly insert: boolean;
  readonly update: boolean;
  readonly delete: boolean;
  readonly truncate: boolean;
  readonly viaRoot: boolean;
  /** n: not published; s: stored ones are (18 and newer). */
  readonly generatedColumns: 'n' | 's';
  /** Whole schemas (FOR TABLES IN SCHEMA). */
  readonly schemas: readonly string[];
  /** Tables named one by one. */
  readonly tables: readonly PublishedTable[];
}

const readPublicationsSql = loadSql('read-publications');

export async function readPublications(db: Queryable): Promise<Publication[]> {
  return await readFacts(db, readPublicationsSql);
}
