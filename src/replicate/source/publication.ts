import { identifier, qualifiedName, type Table } from '../../catalog/index.ts';
import { inTransaction, type Tx } from '../../ledger/index.ts';
import { loadSql, textOf } from '../sql.ts';

const readMembers = loadSql('source/sql/read-publication');
const readPublished = loadSql('source/sql/read-published');

/**
 * Makes a publication hold exactly these tables. Comes before any slot or snapshot: what is published
 * then is in the snapshot or in the stream, never between.
 *
 * Partitioned tables are published by their leaves, not through the root: a TRUNCATE of one partition
 * would not be published otherwise. A partition that is added later is a table added later.
 */
export async function publish(
  source: Tx,
  publication: string,
  tables: readonly Table[],
  operations: string,
): Promise<void> {
  await inTransaction(source, async () => {
    const { rows } = await source.query(readMembers, [publication]);
    const wanted = tables.map((table) => String(table.oid)).toSorted();
    if (rows.length === 0) {
      if (tables.length === 0) return;
      const members = `FOR TABLE ${memberList(tables)}`;
      await source.query(
        `CREATE PUBLICATION ${identifier(publication)} ${members} WITH (publish = '${operations}')`,
      );
      return;
    }
    const present = rows.map((row) => textOf(row, 'oid')).filter((oid) => oid !== null);
    if (wanted.length === 0) await source.query(`DROP PUBLICATION ${identifier(publication)}`);
    else if (wanted.join() !== present.toSorted().join())
      await source.query(
        `ALTER PUBLICATION ${identifier(publication)} SET TABLE ${memberList(tables)}`,
      );
  });
}

export async function unpublish(source: Tx, publication: string): Promise<boolean> {
  const { rows } = await source.query(readMembers, [publication]);
  if (rows.length === 0) return false;
  await source.query(`DROP PUBLICATION ${identifier(publication)}`);
  return true;
}

function memberList(tables: readonly Table[]): string {
  return tables.map((table) => `ONLY ${qualifiedName(table)}`).join(', ');
}

/** What publications hold now, themselves or as partitions: the tables' quoted names by oid. */
export async function publishedTables(
  source: Tx,
  publications: readonly string[],
): Promise<Map<number, string>> {
  const tables = new Map<number, string>();
  for (const publication of publications) {
    const { rows } = await source.query(readPublished, [publication]);
    for (const row of rows) {
      const table = { schema: textOf(row, 'schema_name')!, name: textOf(row, 'table_name')! };
      tables.set(Number(textOf(row, 'oid')), qualifiedName(table));
    }
  }
  return tables;
}
