import type { ForeignKey, Index, Queryable, Table, TablePrivileges } from '../../catalog/index.ts';
import { isRestorable } from '../copy/definitions.ts';
import { mayDrop } from '../copy/foreign-keys.ts';
import { TargetTrees } from '../copy/target-trees.ts';
import { loadSql, textOf } from '../sql.ts';

/** `GRANT privilege ON kind object TO grantee` would give it. */
export interface MissingRight {
  /** The table that it is needed for, which may be a partitioned one above those that are filled. */
  readonly table: Table;
  readonly privilege: string;
  readonly kind: string;
  /** Quoted where it has to be, a function with its arguments. */
  readonly object: string;
  /** The role that we are, or the owner of the table, or of a SECURITY DEFINER function in between. */
  readonly grantee: string;
}

/** What is lacking on other objects of the target than the tables that rows go into. */
export interface MissingRights {
  /** To write rows of the table. */
  readonly toWrite: readonly MissingRight[];
  /** To make the indexes and foreign keys of the table again that the copy drops. */
  readonly toRestore: readonly MissingRight[];
}

const foreignKeyRightsSql = loadSql('check/sql/read-foreign-key-rights');
const functionRightsSql = loadSql('check/sql/read-function-rights');
const indexRightsSql = loadSql('check/sql/read-index-rights');

/**
 * @param targets where rows go
 * @param toFill those of them that the copy is still to fill
 */
export async function readMissingRights(
  target: Queryable,
  targets: readonly Table[],
  toFill: readonly Table[],
  privileges: ReadonlyMap<number, TablePrivileges>,
): Promise<MissingRights> {
  const { tables, foreignKeys, indexes } = await readDropped(target, toFill, privileges);
  const functions = await target.query(functionRightsSql, [oidsOf(targets), oidsOf(indexes)]);
  const ofKeys = await target.query(foreignKeyRightsSql, [oidsOf(foreignKeys)]);
  const ofIndexes = await target.query(indexRightsSql, [oidsOf(indexes)]);
  const toWrite = functions.rows.filter((row) => row['purpose'] === 'write');
  const toRestore = functions.rows.filter((row) => row['purpose'] === 'restore');
  return {
    toWrite: rightsOf(toWrite, targets),
    toRestore: rightsOf([...ofKeys.rows, ...ofIndexes.rows, ...toRestore], tables),
  };
}

/**
 * What the copy drops, as far as it can be known before: of our own tables, all that can be made again. An
 * index of a partition goes with those of all other partitions, and the partitioned table's has no rows.
 */
async function readDropped(
  target: Queryable,
  toFill: readonly Table[],
  privileges: ReadonlyMap<number, TablePrivileges>,
): Promise<{ tables: Table[]; foreignKeys: ForeignKey[]; indexes: Index[] }> {
  const trees = await TargetTrees.read(target, toFill);
  const tables = trees.tables.filter(
    ({ oid }) => trees.isFilled(oid) && privileges.get(oid)?.isOwner === true,
  );
  return {
    tables,
    foreignKeys: tables.flatMap((table) => table.foreignKeys.filter(mayDrop)),
    indexes: tables.flatMap((table) =>
      table.indexes.filter(
        (index) =>
          isRestorable(index) &&
          !index.isPartitioned &&
          (!index.isAttached || trees.isFilled(table.rootOid ?? table.oid)),
      ),
    ),
  };
}

function oidsOf(objects: readonly { readonly oid: number }[]): string {
  return `{${objects.map(({ oid }) => oid).join(',')}}`;
}

function rightsOf(
  rows: readonly Record<string, unknown>[],
  tables: readonly Table[],
): MissingRight[] {
  const byOid = new Map(tables.map((table) => [String(table.oid), table]));
  return rows.flatMap((row) => {
    const text = (column: string): string => textOf(row, column) ?? '';
    const table = byOid.get(text('table_oid'));
    if (table === undefined) return [];
    const [privilege, kind] = [text('privilege'), text('kind')];
    return [{ table, privilege, kind, object: text('object'), grantee: text('grantee') }];
  });
}
