import type { ForeignKey, Table } from '../../catalog/index.ts';
import {
  checkEpoch,
  inTransaction,
  type DroppedObject,
  type Owner,
  type Tx,
} from '../../ledger/index.ts';
import { failpoint } from '../../service/index.ts';
import { dropForeignKey } from './drop-objects.ts';
import type { Journal } from './journal.ts';
import type { TargetTrees } from './target-trees.ts';

/**
 * Drops the foreign keys of the tables that are filled, each in its own transaction, before anything else
 * is: they would be checked row by row, and keep the keys that they point at from being dropped. Those of
 * other tables stay.
 */
export async function dropForeignKeys(
  tx: Tx,
  owner: Owner,
  journal: Journal,
  trees: TargetTrees,
): Promise<void> {
  const filled = trees.tables.filter(({ oid }) => trees.isFilled(oid));
  const partitioned = await readPartitioned(tx, filled);
  for (const table of filled) {
    for (const key of table.foreignKeys.filter(mayDrop)) {
      const isSplit =
        table.serverMajor >= 18 ||
        !(partitioned.has(key.tableOid) || partitioned.has(key.referencedOid));
      await failpoint('copy.before-drop');
      let dropped: DroppedObject[] = [];
      await inTransaction(tx, async () => {
        dropped = (await dropForeignKey(tx, journal, key, isSplit)) ?? [];
        await checkEpoch(tx, owner);
      });
      journal.add(dropped);
      await failpoint('copy.after-drop');
    }
  }
}

/** An inherited key goes with its parent's; the others could not be made again as they are. */
export function mayDrop(key: ForeignKey): boolean {
  return !key.isInherited && !key.isOfExtension && !key.hasChangedTriggers;
}

/**
 * The partitioned among the tables at either end of a foreign key. Servers before 18 refuse NOT VALID for
 * a partitioned table, and VALIDATE leaves out what points at the partitions of one.
 */
async function readPartitioned(tx: Tx, tables: readonly Table[]): Promise<Set<number>> {
  const keys = tables.flatMap(({ foreignKeys }) => foreignKeys);
  const oids = new Set(keys.flatMap(({ tableOid, referencedOid }) => [tableOid, referencedOid]));
  const { rows } = await tx.query(selectPartitioned, [`{${[...oids].join(',')}}`]);
  return new Set(rows.map((row) => Number(row['oid'])));
}

const selectPartitioned = `select oid::text as oid from pg_catalog.pg_class
  where relkind = 'p' and oid = any ($1::text::oid[])`;
