import { SluiceError } from '../../errors/index.ts';
import type { Lsn, Relation } from '../../wire/index.ts';
import type { TargetTable } from './target-table.ts';

/** A source table's way to the target. */
export interface Destination {
  readonly table: TargetTable;
  /** Transactions that committed before this are in the table's copy already (P5). */
  readonly snapshotLsn: Lsn;
}

/**
 * Finds where a relation of the stream goes; null when nowhere: it is not one of the pipeline's any more.
 *
 * @throws SluiceError REPLICATE_TABLE_ADDED  the relation is published, but not one of the pipeline's
 */
export type FindDestination = (relation: Relation) => Promise<Destination | null>;

interface Known {
  readonly relation: Relation;
  readonly destination: Destination | null;
}

/** The relations that the stream has described so far, joined with their tables on the target. */
export class Relations {
  readonly #find: FindDestination;
  readonly #known = new Map<number, Known>();
  #lastOid = 0;
  #last: Known | undefined;

  constructor(find: FindDestination) {
    this.#find = find;
  }

  /** True when the stream describes a known relation differently: what came before it must be applied first. */
  isChanged(relation: Relation): boolean {
    const known = this.#known.get(relation.oid);
    return known !== undefined && !isSameRelation(known.relation, relation);
  }

  async describe(relation: Relation): Promise<void> {
    const known = this.#known.get(relation.oid);
    if (known && isSameRelation(known.relation, relation)) return;
    this.#known.set(relation.oid, { relation, destination: await this.#find(relation) });
    this.#lastOid = 0;
  }

  /** The table for a change, null when the table's copy already holds it, or there is no table for it. */
  target(oid: number, finalLsn: Lsn): TargetTable | null {
    const { destination } = this.#lookUp(oid);
    return destination && finalLsn >= destination.snapshotLsn ? destination.table : null;
  }

  /** The tables of a TRUNCATE that are not gated. */
  truncated(oids: readonly number[], finalLsn: Lsn): TargetTable[] {
    const tables: TargetTable[] = [];
    for (const oid of oids) {
      const { relation, destination } = this.#lookUp(oid);
      if (!destination || finalLsn < destination.snapshotLsn) continue;
      if (!destination.table.isWhole)
        throw new SluiceError('APPLY_TRUNCATE_PARTITION', {
          partition: `${relation.schema}.${relation.name}`,
          table: destination.table.label,
        });
      tables.push(destination.table);
    }
    return tables;
  }

  #lookUp(oid: number): Known {
    if (oid === this.#lastOid) return this.#last!;
    const known = this.#known.get(oid);
    if (!known) throw new SluiceError('STREAM_UNKNOWN_RELATION', { oid });
    this.#lastOid = oid;
    this.#last = known;
    return known;
  }
}

function isSameRelation(a: Relation, b: Relation): boolean {
  return (
    a.schema === b.schema &&
    a.name === b.name &&
    a.replicaIdentity === b.replicaIdentity &&
    a.columns.length === b.columns.length &&
    a.columns.every((column, i) => {
      const other = b.columns[i]!;
      return (
        column.name === other.name &&
        column.typeOid === other.typeOid &&
        column.typeModifier === other.typeModifier &&
        column.isKey === other.isKey
      );
    })
  );
}
