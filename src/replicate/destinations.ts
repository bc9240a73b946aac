import { displayName, qualifiedName } from '../catalog/index.ts';
import { SluiceError } from '../errors/index.ts';
import type { Lsn, Relation } from '../wire/index.ts';
import type { Destination, FindDestination } from './apply/relations.ts';
import { joinTarget } from './apply/target-table.ts';
import { expectNoLoss, type GoneTablesOptions } from './gone-tables.ts';
import type { Plan, TablePair } from './plan.ts';
import { publishedTables } from './source/publication.ts';
import { settle } from './source/settle.ts';
import { expectColumns } from './stream-columns.ts';

export interface DestinationOptions extends GoneTablesOptions {
  /** Where following starts: the gate of tables without one of their own. */
  readonly position: Lsn;
  readonly publications: readonly string[];
  readonly canAskForText: boolean;
}

/**
 * How the stream's relations find their tables, each gated by its own copy (P5).
 *
 * What the publications no longer hold is left out, where nothing of it is missed: a partition made and dropped
 * before it was ever copied, a table that the settings exclude; the stream still tells of it from before. One that
 * had another name for a while is the same table.
 *
 * @throws SluiceError REPLICATE_TABLE_GONE a table that was copied, and is not to be found any more
 * @throws SluiceError REPLICATE_TABLE_ADDED, REPLICATE_TABLE_CHANGED, REPLICATE_OLD_ROWS
 */
export function findDestinations(options: DestinationOptions): FindDestination {
  const { plan, source, states, position, publications } = options;
  const byOid = new Map(plan.pairs.map((pair) => [pair.source.oid, pair]));
  const gates = new Map(states.map((state) => [qualifiedName(state), state.snapshotLsn]));
  const { streamFormat } = plan;
  return async (relation) => {
    const pair = byOid.get(relation.oid);
    if (!pair || qualifiedName(relation) !== qualifiedName(pair.source)) {
      await settle(source, relation.oid);
      const now = (await publishedTables(source, publications)).get(relation.oid);
      if (now === undefined) {
        await expectNoLoss(relation, options);
        return null;
      }
      if (!pair || now !== qualifiedName(pair.source)) throw added(relation);
    }
    const snapshotLsn = gates.get(qualifiedName(pair.source));
    if (snapshotLsn === undefined) throw added(relation);
    await expectColumns(relation, pair, { ...options, streamFormat });
    return { table: targetOf(relation, pair, plan), snapshotLsn: snapshotLsn ?? position };
  };
}

function targetOf(relation: Relation, pair: TablePair, plan: Plan): Destination['table'] {
  const facts = { rank: plan.ranks.get(pair.target.oid) ?? 0, equality: plan.equality };
  return joinTarget(relation, pair.target, facts);
}

function added(relation: Relation): SluiceError {
  return new SluiceError('REPLICATE_TABLE_ADDED', { table: displayName(relation) });
}
