import {
  qualifiedName,
  type Queryable,
  type Table,
  type TablePrivileges,
} from '../../catalog/index.ts';

/** One statement looks into so many tables: each takes a lock for as long as the statement runs. */
const tablesPerStatement = 100;

/** Whether tables hold no row at all, by OID; those that we may not read in full are left out. */
export async function probeEmpty(
  db: Queryable,
  tables: readonly Table[],
  privileges: ReadonlyMap<number, TablePrivileges>,
): Promise<Map<number, boolean>> {
  const readable = [...new Map(tables.map((table) => [table.oid, table])).values()].filter(
    (table) => {
      const allowed = privileges.get(table.oid);
      return allowed?.canSelect === true && allowed.canUseSchema && !table.isRowSecurityActive;
    },
  );
  const empty = new Map<number, boolean>();
  for (let at = 0; at < readable.length; at += tablesPerStatement) {
    const probes = readable.slice(at, at + tablesPerStatement).map(probeSql);
    const { rows } = await db.query(probes.join(' union all '));
    for (const row of rows) empty.set(Number(row['oid']), row['empty'] === 'true');
  }
  return empty;
}

/** Of a partitioned table all partitions count; of an inherited one its own rows only. */
function probeSql(table: Table): string {
  const from = `${table.kind === 'p' ? '' : 'only '}${qualifiedName(table)}`;
  return `select '${table.oid}' as oid, (not exists (select from ${from}))::text as empty`;
}
