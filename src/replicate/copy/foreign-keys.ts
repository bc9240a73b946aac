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
  for (const table of trees.tables.filter((known) => trees.isFilled(known.oid))) {
    for (const key of table.foreignKeys.filter(mayDrop)) {
      await failpoint('copy.before-drop');
      let dropped: DroppedObject[] = [];
      await inTransaction(tx, async () => {
        dropped = (await dropForeignKey(tx, journal, key, isSplit(table))) ?? [];
        await checkEpoch(tx, owner);
      });
      journal.add(dropped);
      await failpoint('copy.after-drop');
    }
  }
}

/** An inherited key goes with its parent's; the others could not be made again as they are. */
function mayDrop(key: ForeignKey): boolean {
  return !key.isInherited && !key.isOfExtension && !key.hasChangedTriggers;
}

/** Servers before 18 refuse NOT VALID on partitioned tables. */
function isSplit(table: Table): boolean {
  return table.kind === 'r' || table.serverMajor >= 18;
}
