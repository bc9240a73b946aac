import type { Index, Table } from '../../catalog/index.ts';
import {
  checkEpoch,
  inTransaction,
  type DroppedObject,
  type Owner,
  type Tx,
} from '../../ledger/index.ts';
import { failpoint } from '../../service/index.ts';
import { loadSql } from '../sql.ts';
import {
  dropIndexSql,
  indexDefinitions,
  isRestorable,
  partitionedIndexSql,
} from './definitions.ts';
import { tryDrop } from './drop-objects.ts';
import type { Journal } from './journal.ts';
import type { TargetTrees } from './target-trees.ts';

const readParents = loadSql('copy/sql/read-index-parents');

/** One index of one table of a partitioned tree. */
interface TreeIndex {
  readonly table: Table;
  readonly index: Index;
  readonly parent: TreeIndex | null;
}

/**
 * The index of a partition can only be dropped with its parent's, from the top. So the indexes of a
 * partitioned table all of whose leaves are filled are dropped, and made again at once without those of
 * the leaves: each leaf's is built after its rows are there, and attached. The parent's is valid again with
 * the last of them.
 *
 *     orders_pk ON ONLY orders          dropped and made again here, in one transaction
 *     ├── orders_1_pk                   journaled: create, make it the constraint, attach
 *     └── orders_2_pk                   likewise
 */
export async function dropPartitionedIndexes(
  tx: Tx,
  owner: Owner,
  journal: Journal,
  trees: TargetTrees,
): Promise<void> {
  const tables = trees.tables.filter(({ oid }) => trees.isFilled(oid));
  for (const indexes of await readIndexTrees(tx, tables)) {
    if (!indexes.every(({ index }) => isRestorable(index))) continue;
    await failpoint('copy.before-drop');
    let dropped: DroppedObject[] = [];
    await inTransaction(tx, async () => {
      dropped = await dropTree(tx, journal, indexes);
      await checkEpoch(tx, owner);
    });
    journal.add(dropped);
    await failpoint('copy.after-drop');
  }
}

/** Every tree of attached indexes, parents before children. */
async function readIndexTrees(tx: Tx, tables: readonly Table[]): Promise<TreeIndex[][]> {
  const all = tables.flatMap((table) => table.indexes.map((index) => ({ table, index })));
  const attached = all.filter(({ index }) => index.isAttached).map(({ index }) => index.oid);
  if (attached.length === 0) return [];
  const { rows } = await tx.query(readParents, [`{${attached.join(',')}}`]);
  const parents = new Map(rows.map((row) => [Number(row['child']), Number(row['parent'])]));
  const children = Map.groupBy(all, ({ index }) => parents.get(index.oid) ?? null);
  const tops = (children.get(null) ?? []).filter(({ index }) => index.isPartitioned);
  return tops.map((top) => withDescendants({ ...top, parent: null }, children));
}

function withDescendants(
  top: TreeIndex,
  children: ReadonlyMap<number | null, readonly { table: Table; index: Index }[]>,
): TreeIndex[] {
  const below = children.get(top.index.oid) ?? [];
  return [top, ...below.flatMap((child) => withDescendants({ ...child, parent: top }, children))];
}

async function dropTree(
  tx: Tx,
  journal: Journal,
  indexes: readonly TreeIndex[],
): Promise<DroppedObject[]> {
  const [top] = indexes;
  if (top === undefined || !(await tryDrop(tx, dropIndexSql(top.table, top.index)))) return [];
  const entries: DroppedObject[] = [];
  for (const { table, index, parent } of indexes) {
    const attachTo = parent?.index ?? null;
    if (index.isPartitioned) await tx.query(partitionedIndexSql(table, index, attachTo));
    else
      entries.push(...(await journal.write(tx, table, indexDefinitions(table, index, attachTo))));
  }
  return entries;
}
