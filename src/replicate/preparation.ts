import { displayName, qualifiedName } from '../catalog/index.ts';
import { SluiceError } from '../errors/index.ts';
import {
  claimPipeline,
  readPipeline,
  setFirstPosition,
  setTableState,
  startPosition,
  type Pipeline,
  type Tx,
} from '../ledger/index.ts';
import { blockingFindings, failpoint } from '../service/index.ts';
import { identifySystem } from '../session/index.ts';
import type { Lsn } from '../wire/index.ts';
import { readStates, restoreRequest, type AttemptDeps } from './attempt-deps.ts';
import { checkReplication } from './check/index.ts';
import { resetUnfinished, restoreDropped } from './copy/index.ts';
import { expectNoneRenamed } from './gone-tables.ts';
import type { PipelineSpill } from './pipeline-spill.ts';
import type { Plan } from './plan.ts';
import { readSlot, sourceNames } from '../stream/index.ts';
import { copySlotName, insertPublicationName } from './source/names.ts';
import { publish, publishedTables } from './source/publication.ts';
import { createSlotSnapshot, type SlotSnapshot } from './source/slot.ts';

export interface Beginning {
  /** Where following starts. */
  readonly position: Lsn;
  /** What tables that have no rows yet are copied under; null when there are none. */
  readonly snapshot: SlotSnapshot | null;
}

export async function checkFirst(deps: AttemptDeps): Promise<void> {
  const { connections, options, name, log } = deps;
  const findings = await checkReplication({
    source: connections.source,
    target: connections.target,
    pipeline: name,
    tables: options.tables ?? [],
    tablesWithoutKey: options.tablesWithoutKey ?? 'refuse',
    slot: false,
  });
  for (const finding of findings)
    if (finding.severity === 'warns') log.info(finding.evidence, { ...finding });
  const blocking = blockingFindings(findings);
  const first = blocking[0];
  if (first)
    throw new SluiceError('REPLICATE_BLOCKED', {
      pipeline: name,
      count: blocking.length,
      finding: `${first.code} ${first.subject}: ${first.evidence}`,
    });
}

/** Becomes the owner; a source slot of ours that the ledger knows nothing of is not touched. */
export async function claim(deps: AttemptDeps): Promise<Pipeline> {
  const { connections, name } = deps;
  const system = await identifySystem(connections.replication);
  const targetId = await connections.targetIdentity();
  const { slot, publication } = sourceNames(name, targetId);
  const known = await readPipeline(connections.target, name);
  if (!known && (await readSlot(connections.source, slot)))
    throw new SluiceError('REPLICATE_SLOT_UNKNOWN', { slot, pipeline: name });
  return await claimPipeline(connections.target, {
    name,
    sourceSystemId: system.systemId,
    sourceDatabase: system.database ?? '',
    slot,
    publication,
  });
}

export async function publishTables(
  deps: AttemptDeps,
  plan: Plan,
  pipeline: Pipeline,
): Promise<void> {
  await expectSameTables(deps, plan, pipeline);
  await publishPlan(deps.connections.source, plan, pipeline);
}

export async function publishPlan(
  source: Tx,
  plan: Plan,
  { publication }: Pick<Pipeline, 'publication'>,
): Promise<void> {
  const all = 'insert, update, delete, truncate';
  await publish(source, publication, plan.published, all);
  const inserts = insertPublicationName(publication);
  await publish(source, inserts, plan.publishedInserts, 'insert, truncate');
}

/** Those of a pipeline that hold something. */
export function publicationsOf(
  plan: Plan,
  { publication }: Pick<Pipeline, 'publication'>,
): string[] {
  return [
    ...(plan.published.length > 0 ? [publication] : []),
    ...(plan.publishedInserts.length > 0 ? [insertPublicationName(publication)] : []),
  ];
}

/**
 * A table that was dropped and made again, or that another has changed names with, is another table; one that
 * was out of the publication has changes that nobody has sent (P3).
 */
async function expectSameTables(deps: AttemptDeps, plan: Plan, pipeline: Pipeline): Promise<void> {
  if (pipeline.position === null) return;
  const { connections, options } = deps;
  const states = await readStates(deps, pipeline);
  const names = [pipeline.publication, insertPublicationName(pipeline.publication)];
  const published = await publishedTables(connections.source, names);
  const known = { source: connections.source, plan, states: [...states.values()] };
  await expectNoneRenamed({ ...known, tables: options.tables ?? [] }, published);
  for (const { source } of plan.pairs) {
    const known = states.get(qualifiedName(source));
    if (!known || known.state === 'pending') continue;
    const isSame = known.sourceOid === null || known.sourceOid === source.oid;
    if (!isSame || !published.has(source.oid))
      throw new SluiceError('REPLICATE_TABLE_REPLACED', { table: displayName(source) });
  }
}

/** Where following starts, and the snapshot under which missing tables are copied. */
export async function begin(
  deps: AttemptDeps,
  plan: Plan,
  pipeline: Pipeline,
  spill: PipelineSpill,
): Promise<Beginning> {
  const { source, target } = deps.connections;
  const slot = await readSlot(source, pipeline.slot);
  const known = startPosition(pipeline, slot, spill.facts);
  if (known === null) {
    // A slot without a recorded position is one whose creator died in between: it holds nothing of ours.
    const snapshot = await createSlot(deps, pipeline.slot, false, async ({ lsn }) => {
      await failpoint('replicate.slot.created');
      await setFirstPosition(target, pipeline, lsn);
      await registerTables(deps, plan, pipeline, lsn);
    });
    return { position: snapshot.lsn, snapshot };
  }
  await resetUnfinished(target, pipeline, plan.pairs);
  await restoreDropped({ ...restoreRequest(deps, pipeline), tables: plan.pairs });
  const states = await readStates(deps, pipeline);
  const isComplete = plan.pairs.every(
    (pair) => states.get(qualifiedName(pair.source))?.state === 'ready',
  );
  if (isComplete) return { position: known, snapshot: null };
  const copySlot = copySlotName(pipeline.slot);
  const snapshot = await createSlot(deps, copySlot, true, ({ lsn }) =>
    registerTables(deps, plan, pipeline, lsn),
  );
  return { position: known, snapshot };
}

/** The slot and its snapshot, once both are on record; the snapshot's session ends when that fails. */
async function createSlot(
  deps: AttemptDeps,
  slot: string,
  temporary: boolean,
  record: (made: SlotSnapshot) => Promise<void>,
): Promise<SlotSnapshot> {
  const { connections, log, signal } = deps;
  const options = { slot, temporary, log, signal };
  const made = await createSlotSnapshot(connections.sourceTarget, connections.source, options);
  try {
    await record(made);
    return made;
  } catch (error) {
    made.holder.destroy();
    throw error;
  }
}

/** Every table that has no rows of ours yet gets its snapshot's position: its gate (P5). */
async function registerTables(
  deps: AttemptDeps,
  plan: Plan,
  pipeline: Pipeline,
  snapshotLsn: Lsn,
): Promise<void> {
  const states = await readStates(deps, pipeline);
  for (const { source } of plan.pairs) {
    const state = states.get(qualifiedName(source))?.state ?? 'pending';
    if (state !== 'pending') continue;
    await setTableState(deps.connections.target, pipeline.name, source, 'pending', {
      snapshotLsn,
      sourceOid: source.oid,
    });
  }
}
