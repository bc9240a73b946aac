import { readTablesByOid, type Table } from '../../catalog/index.ts';
import type { Tx } from '../../ledger/index.ts';
import { loadSql } from '../sql.ts';

const readTrees = loadSql('copy/sql/read-partition-trees');

/**
 * The tables that a copy fills, as they are now, with the partitioned tables above them: what belongs to
 * those can be dropped only when all of their leaves are filled.
 */
export class TargetTrees {
  /** Filled tables, and the partitioned tables above them. */
  readonly tables: readonly Table[];
  readonly #filled: ReadonlySet<number>;
  /** Of each partitioned table: all leaves below it. */
  readonly #leaves: ReadonlyMap<number, readonly number[]>;

  static async read(tx: Tx, targets: readonly Table[]): Promise<TargetTrees> {
    const filled = targets.map(({ oid }) => oid);
    const roots = [...new Set(targets.flatMap(({ rootOid }) => rootOid ?? []))];
    const { rows } = await tx.query(readTrees, [`{${roots.join(',')}}`]);
    const branches = rows
      .filter((row) => row['is_leaf'] === 'false')
      .map((row) => Number(row['oid']));
    const below = await tx.query(readTrees, [`{${branches.join(',')}}`]);
    const leaves = Map.groupBy(
      below.rows.filter((row) => row['is_leaf'] === 'true'),
      (row) => Number(row['root']),
    );
    const tables = await readTablesByOid(tx, [...new Set([...branches, ...filled])]);
    return new TargetTrees(
      tables,
      new Set(filled),
      new Map([...leaves].map(([oid, list]) => [oid, list.map((row) => Number(row['oid']))])),
    );
  }

  private constructor(
    tables: readonly Table[],
    filled: ReadonlySet<number>,
    leaves: ReadonlyMap<number, readonly number[]>,
  ) {
    this.tables = tables;
    this.#filled = filled;
    this.#leaves = leaves;
  }

  /** Itself, or all of its leaves. */
  isFilled(oid: number): boolean {
    if (this.#filled.has(oid)) return true;
    const leaves = this.#leaves.get(oid);
    return (
      leaves !== undefined && leaves.length > 0 && leaves.every((leaf) => this.#filled.has(leaf))
    );
  }

  leavesOf(oid: number): readonly number[] {
    return this.#leaves.get(oid) ?? [];
  }
}
