import {
  compilePatterns,
  displayName,
  qualifiedName,
  readTablesByOid,
  type Queryable,
  type Table,
} from '../catalog/index.ts';
import { SluiceError } from '../errors/index.ts';
import type { PipelineTable } from '../ledger/index.ts';
import type { Relation } from '../wire/index.ts';
import type { Plan } from './plan.ts';

export interface GoneTablesOptions {
  readonly source: Queryable;
  readonly plan: Plan;
  /** What the ledger holds of the pipeline's tables, also of those that the plan has no more. */
  readonly states: readonly PipelineTable[];
  /** The patterns of the settings. */
  readonly tables: readonly string[];
}

/**
 * Before the publications lose what the plan lacks: a copied table that only has another name now can still be
 * had back without a gap.
 *
 * @param published the publications' tables, quoted names by oid
 * @throws SluiceError REPLICATE_TABLE_GONE
 */
export async function expectNoneRenamed(
  options: GoneTablesOptions,
  published: ReadonlyMap<number, string>,
): Promise<void> {
  const planned = new Set(options.plan.pairs.map((pair) => pair.source.oid));
  for (const state of options.states) {
    const { sourceOid } = state;
    if (state.state === 'pending' || sourceOid === null || planned.has(sourceOid)) continue;
    const name = published.get(sourceOid);
    if (name !== undefined && name !== qualifiedName(state))
      await expectExcluded(state, sourceOid, options);
  }
}

/**
 * For a relation of the stream that no publication holds any more. What was never copied is no loss, what is
 * excluded is none to whoever excluded it; anything else is for a person to decide.
 *
 * @throws SluiceError REPLICATE_TABLE_GONE
 */
export async function expectNoLoss(relation: Relation, options: GoneTablesOptions): Promise<void> {
  const known = options.states.find(
    (state) => state.state !== 'pending' && isStateOf(state, relation),
  );
  const patterns = compilePatterns(options.tables);
  if (known && !patterns.excludes(relation)) await expectExcluded(known, relation.oid, options);
}

function isStateOf(state: PipelineTable, relation: Relation): boolean {
  if (state.sourceOid !== null) return state.sourceOid === relation.oid;
  return qualifiedName(state) === qualifiedName(relation);
}

async function expectExcluded(
  known: PipelineTable,
  oid: number,
  { source, tables }: GoneTablesOptions,
): Promise<void> {
  const patterns = compilePatterns(tables);
  const [now] = await readTablesByOid(source, [oid]);
  if (patterns.excludes(known) || (now && patterns.excludes(now))) return;
  throw new SluiceError('REPLICATE_TABLE_GONE', {
    table: displayName(known),
    pattern: `!${qualifiedName(known)}`,
    change: describeChange(known, now),
  });
}

function describeChange(known: PipelineTable, now: Table | undefined): string {
  if (!now) return 'dropped on the source';
  if (qualifiedName(now) === qualifiedName(known)) return 'none of its tables any more';
  return `${displayName(now)} on the source now, which is none of its tables`;
}
