import { qualifiedName, type Table, type TableName } from '../../catalog/index.ts';

/**
 * What to type to empty a table. TRUNCATE has to name every table that refers to it, too, and takes their
 * rows along; where those have to stay, the rows are deleted without a look at foreign keys.
 *
 *     TRUNCATE "shop"."customer", "shop"."orders"
 *
 * @param referring as {@link findReferring} gives them
 * @param mayEmpty whether all of them can lose their rows
 */
export function emptyStatement(
  table: Table,
  referring: readonly TableName[],
  mayEmpty: boolean,
): string {
  const only = table.kind === 'r' && table.hasChildren ? 'ONLY ' : '';
  const name = `${only}${qualifiedName(table)}`;
  if (mayEmpty) return `TRUNCATE ${[name, ...referring.map(qualifiedName)].join(', ')}`;
  return `BEGIN; SET LOCAL session_replication_role = replica; DELETE FROM ${name}; COMMIT`;
}

/** The other tables that refer to this one, directly or through others; a partition goes with its parent. */
export function findReferring(table: Table, all: readonly Table[]): Table[] {
  const childrenOf = Map.groupBy(all, ({ parentOid }) => parentOid);
  const byOid = new Map(all.map((one) => [one.oid, one]));
  const found = new Set<Table>();
  const visit = (one: Table): void => {
    if (found.has(one)) return;
    found.add(one);
    for (const child of childrenOf.get(one.oid) ?? []) visit(child);
    for (const { tableOid } of one.referencedBy) {
      const referring = byOid.get(tableOid);
      if (referring !== undefined) visit(referring);
    }
  };
  visit(table);
  const goesWithParent = (one: Table): boolean =>
    [...found].some(({ oid }) => oid === one.parentOid);
  return [...found].filter((one) => one !== table && !goesWithParent(one));
}
