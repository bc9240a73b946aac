import { displayName, qualifiedName } from '../catalog/index.ts';
import { SluiceError } from '../errors/index.ts';
import {
  claimPipeline,
  migrate,
  readPipeline,
  readTableStates,
  setFirstPosition,
  setTableChoice,
  setTableState,
  startPosition,
  type Pipeline,
  type PipelineTable,
} from '../ledger/index.ts';
import {
  blockingFindings,
  failpoint,
  type Clock,
  type Log,
  type Progress,
} from '../service/index.ts';
import { identifySystem } from '../session/index.ts';
import { readSlotChanges, type ChangeReader } from '../stream/index.ts';
import type { Lsn } from '../wire/index.ts';
import { Applier } from './apply/applier.ts';
import { checkReplication } from './check/index.ts';
import {
  copyTables,
  resetUnfinished,
  restoreDropped,
  restoreForeignKeys,
  type RestoreRequest,
} from './copy/index.ts';
import type { PipelineConnections } from './connections.ts';
import { findDestinations } from './destinations.ts';
import { drainSpill } from './drain-spill.ts';
import { FlushedPositions } from './flushed-positions.ts';
import { expectNoneRenamed } from './gone-tables.ts';
import type { PipelineMetrics } from './metrics.ts';
import type { ReplicationOptions } from './options.ts';
import { pumpBlocks } from './pump.ts';
import { openSpill, type OpenQueue, type PipelineSpill } from './pipeline-spill.ts';
import { planTables, type Plan } from './plan.ts';
import { copySlotName, insertPublicationName, sourceNames } from './source/names.ts';
import { publish, publishedTables } from './source/publication.ts';
import { createSlotSnapshot, readSlot, sourcePosition, type SlotSnapshot } from './source/slot.ts';
import type { Standing } from './standing.ts';
import {
  defaultSilenceLimitMs,
  watchConnections,
  type ConnectionWatch,
} from './watch-connections.ts';
import { watchTables } from './watch-tables.ts';

export interface AttemptDeps {
  readonly options: ReplicationOptions;
  readonly name: string;
  readonly connections: PipelineConnections;
  readonly log: Log;
  readonly progress: Progress;
  readonly metrics: PipelineMetrics;
  readonly clock: Clock;
  readonly standing: Standing;
  readonly isChecked: boolean;
  /** The stream must come as text, whatever the plan says: see REPLICATE_TEXT_NEEDED. */
  readonly asText: boolean;
  readonly signal: AbortSignal;
  readonly becomeReady: () => void;
}

/**
 * One attempt of a pipeline, from its ledger's position until it is stopped, done, or fails:
 *
 * ```
 *   claim ─▶ plan, check ─▶ publication ─▶ slot (+ snapshot) ─▶ copy ─▶ apply ─▶ confirm
 *                                             └─▶ read, from the position on, while the copy runs
 * ```
 * Everything it knows is in the ledger or on the source: an attempt after any kind of end goes on from there.
 */
export async function attemptPipeline(deps: AttemptDeps): Promise<void> {
  const attempt = new Attempt(deps);
  await attempt.run();
}

/** More than the cores of a usual database server do not copy faster. */
export const defaultCopyJobs = 4;

interface Beginning {
  /** Where following starts. */
  readonly position: Lsn;
  /** What tables that have no rows yet are copied under; null when there are none. */
  readonly snapshot: SlotSnapshot | null;
}

class Attempt {
  readonly #deps: AttemptDeps;

  constructor(deps: AttemptDeps) {
    this.#deps = deps;
  }

  async run(): Promise<void> {
    const { connections, standing, options } = this.#deps;
    standing.enter('checking');
    await migrate(connections.target);
    const planned = await planTables(connections.source, connections.target, options);
    const plan: Plan = this.#deps.asText ? { ...planned, streamFormat: 'text' } : planned;
    if (!this.#deps.isChecked) await this.#check();
    const pipeline = await this.#claim();
    standing.claimed(pipeline);
    await setTableChoice(connections.target, pipeline, {
      tables: options.tables ?? [],
      tablesWithoutKey: options.tablesWithoutKey ?? 'refuse',
    });
    await this.#publish(plan, pipeline);
    const spill = await openSpill(pipeline, options.spill);
    try {
      const begun = await this.#begin(plan, pipeline, spill);
      try {
        const position = await this.#drainSpill(plan, pipeline, begun.position, spill);
        await this.#copyAndFollow(plan, pipeline, { ...begun, position }, spill);
      } finally {
        begun.snapshot?.holder.destroy();
      }
    } finally {
      await spill.close();
    }
  }

  async #check(): Promise<void> {
    const { connections, options, name, log } = this.#deps;
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
  async #claim(): Promise<Pipeline> {
    const { connections, name } = this.#deps;
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

  async #publish(plan: Plan, pipeline: Pipeline): Promise<void> {
    const { source } = this.#deps.connections;
    await this.#expectSameTables(plan, pipeline);
    const all = 'insert, update, delete, truncate';
    await publish(source, pipeline.publication, plan.published, all);
    const inserts = insertPublicationName(pipeline.publication);
    await publish(source, inserts, plan.publishedInserts, 'insert, truncate');
  }

  /**
   * A table that was dropped and made again, or that another has changed names with, is another table; one that
   * was out of the publication has changes that nobody has sent (P3).
   */
  async #expectSameTables(plan: Plan, pipeline: Pipeline): Promise<void> {
    if (pipeline.position === null) return;
    const { connections, options } = this.#deps;
    const states = await this.#states(pipeline);
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
  async #begin(plan: Plan, pipeline: Pipeline, spill: PipelineSpill): Promise<Beginning> {
    const { source, target } = this.#deps.connections;
    const slot = await readSlot(source, pipeline.slot);
    const known = startPosition(pipeline, slot, spill.facts);
    if (known === null) {
      // A slot without a recorded position is one whose creator died in between: it holds nothing of ours.
      const snapshot = await this.#createSlot(pipeline.slot, false, async ({ lsn }) => {
        await failpoint('replicate.slot.created');
        await setFirstPosition(target, pipeline, lsn);
        await this.#registerTables(plan, pipeline, lsn);
      });
      return { position: snapshot.lsn, snapshot };
    }
    await resetUnfinished(target, pipeline, plan.pairs);
    await restoreDropped({ ...this.#restoreRequest(pipeline), tables: plan.pairs });
    const states = await this.#states(pipeline);
    const isComplete = plan.pairs.every(
      (pair) => states.get(qualifiedName(pair.source))?.state === 'ready',
    );
    if (isComplete) return { position: known, snapshot: null };
    const copySlot = copySlotName(pipeline.slot);
    const snapshot = await this.#createSlot(copySlot, true, ({ lsn }) =>
      this.#registerTables(plan, pipeline, lsn),
    );
    return { position: known, snapshot };
  }

  #restoreRequest(owner: Pipeline): RestoreRequest {
    const { connections, log, progress, signal, options } = this.#deps;
    const jobs = options.copyJobs ?? defaultCopyJobs;
    return { target: connections.targetTarget, owner, jobs, log, progress, signal };
  }

  /** The slot and its snapshot, once both are on record; the snapshot's session ends when that fails. */
  async #createSlot(
    slot: string,
    temporary: boolean,
    record: (made: SlotSnapshot) => Promise<void>,
  ): Promise<SlotSnapshot> {
    const { connections, log, signal } = this.#deps;
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
  async #registerTables(plan: Plan, pipeline: Pipeline, snapshotLsn: Lsn): Promise<void> {
    const states = await this.#states(pipeline);
    for (const { source } of plan.pairs) {
      const state = states.get(qualifiedName(source))?.state ?? 'pending';
      if (state !== 'pending') continue;
      await setTableState(this.#deps.connections.target, pipeline.name, source, 'pending', {
        snapshotLsn,
        sourceOid: source.oid,
      });
    }
  }

  async #states(pipeline: Pipeline): Promise<Map<string, PipelineTable>> {
    const states = await readTableStates(this.#deps.connections.target, pipeline.name);
    return new Map(states.map((state) => [qualifiedName(state), state]));
  }

  /** Where following starts: behind what a spill of another format holds, once that is applied. */
  async #drainSpill(
    plan: Plan,
    pipeline: Pipeline,
    position: Lsn,
    spill: PipelineSpill,
  ): Promise<Lsn> {
    const format = spill.heldFormat(position);
    if (format === null || format === plan.streamFormat) return position;
    const { connections, options, standing, metrics, log, signal } = this.#deps;
    const watch = this.#watchConnections();
    try {
      return await drainSpill(spill, {
        format,
        position,
        connections,
        pipeline,
        plan,
        states: [...(await this.#states(pipeline)).values()],
        tables: options.tables ?? [],
        publications: this.#publications(plan, pipeline),
        limits: options.applyLimits,
        events: {
          committed: (batch) => {
            standing.applied(batch);
            metrics.applied(batch);
          },
        },
        log,
        signal: AbortSignal.any([signal, watch.lost]),
      });
    } finally {
      await watch.stop();
    }
  }

  async #copyAndFollow(
    plan: Plan,
    pipeline: Pipeline,
    { position, snapshot }: Beginning,
    spill: PipelineSpill,
  ): Promise<void> {
    const { connections, signal, options } = this.#deps;
    // Reading may confirm only once it has begun, and it begins behind what the spill holds.
    let reader: ChangeReader | null = null;
    const confirm = (durable: Lsn) => reader?.confirm(durable);
    const open = await spill.open(connections.target, pipeline, {
      position,
      format: plan.streamFormat,
      confirm,
    });
    await failpoint('replicate.slot.before-start');
    const watch = this.#watchConnections();
    try {
      reader = await this.#read(plan, pipeline, open.readFrom, spill);
      await this.#expectUnmovedSlot(pipeline, spill);
    } catch (error) {
      await watch.stop();
      await reader?.stop();
      throw error;
    }
    open.waits(snapshot !== null);
    const pump = pumpBlocks(reader, open.queue);
    try {
      if (snapshot)
        await this.#copy(
          plan,
          pipeline,
          snapshot,
          AbortSignal.any([signal, pump.failed, watch.lost]),
        );
      open.waits(false);
      const stopAt = options.once
        ? await sourcePosition(connections.source)
        : (options.until ?? null);
      await this.#follow(plan, pipeline, { position, reader, open, stopAt });
    } finally {
      await watch.stop();
      open.queue.end();
      await reader.stop();
      await pump.ended;
    }
  }

  #read(plan: Plan, pipeline: Pipeline, from: Lsn, spill: PipelineSpill): Promise<ChangeReader> {
    const { connections, options, log, signal } = this.#deps;
    return readSlotChanges({
      session: connections.replication,
      slot: pipeline.slot,
      publications: this.#publications(plan, pipeline),
      from,
      isBinary: plan.streamFormat === 'binary',
      isStreaming: true,
      silenceLimitMs: options.silenceLimitMs,
      area: spill.area,
      backlog: {
        connect: () => connections.openOnSource(),
        limits: options.backlog,
        log,
        signal,
      },
    });
  }

  #watchConnections(): ConnectionWatch {
    const { connections, clock, log, options } = this.#deps;
    const { silenceLimitMs = defaultSilenceLimitMs } = options;
    return watchConnections(connections, { silenceLimitMs, clock, log });
  }

  /**
   * Looks at the slot again once it is ours: until then the walsender of a process that died could still take in
   * a confirmation, and a server that is asked for a position before the confirmed one sends from there without
   * a word (P2).
   */
  async #expectUnmovedSlot(pipeline: Pipeline, spill: PipelineSpill): Promise<void> {
    const slot = await readSlot(this.#deps.connections.source, pipeline.slot);
    startPosition(pipeline, slot, spill.facts);
  }

  #publications(plan: Plan, pipeline: Pipeline): string[] {
    return [
      ...(plan.published.length > 0 ? [pipeline.publication] : []),
      ...(plan.publishedInserts.length > 0 ? [insertPublicationName(pipeline.publication)] : []),
    ];
  }

  async #copy(
    plan: Plan,
    pipeline: Pipeline,
    snapshot: SlotSnapshot,
    signal: AbortSignal,
  ): Promise<void> {
    const { connections, options, log, progress, standing, metrics } = this.#deps;
    standing.enter('copying');
    const states = await this.#states(pipeline);
    const tables = plan.pairs.filter(
      (pair) => states.get(qualifiedName(pair.source))?.state !== 'ready',
    );
    const lost = new AbortController();
    void snapshot.holder.closed.then(() => lost.abort());
    await copyTables({
      source: connections.sourceTarget,
      target: connections.targetTarget,
      owner: pipeline,
      tables,
      snapshot: { name: snapshot.name, lsn: snapshot.lsn },
      snapshotLost: lost.signal,
      jobs: options.copyJobs ?? defaultCopyJobs,
      onCopied: (copied) => {
        standing.copied(copied);
        metrics.copied(copied);
      },
      log,
      progress,
      signal,
    });
    await snapshot.holder.close();
  }

  async #follow(
    plan: Plan,
    pipeline: Pipeline,
    from: { position: Lsn; reader: ChangeReader; open: OpenQueue; stopAt: Lsn | null },
  ): Promise<void> {
    const { connections, standing, metrics, signal, log, becomeReady, options } = this.#deps;
    const { reader, open, stopAt, position } = from;
    const states = [...(await this.#states(pipeline)).values()];
    const flushedPositions = new FlushedPositions(open);
    const applier = new Applier({
      session: connections.apply,
      owner: pipeline,
      slot: pipeline.slot,
      position,
      format: plan.streamFormat,
      byDependency: !connections.isReplicaRole,
      findDestination: findDestinations({
        plan,
        source: connections.source,
        states,
        position,
        tables: options.tables ?? [],
        publications: this.#publications(plan, pipeline),
        // A durable spill holds what was read in binary.
        canAskForText: options.spill?.mode !== 'durable',
      }),
      readHold: () => connections.readHold(pipeline.name),
      ...(options.applyLimits && { limits: options.applyLimits }),
      events: {
        committed: (batch) => {
          standing.applied(batch);
          metrics.applied(batch);
        },
        flushed: (flushed) => {
          reader.confirm(flushed);
          standing.confirmed(flushed);
          metrics.flushed();
          flushedPositions.forget(flushed);
        },
        retriedInOrder: (reason) => {
          metrics.retriedInOrder();
          log.debug('a batch is written row by row', reason);
        },
      },
    });
    standing.follows(applier, reader);
    standing.enter('following');
    becomeReady();
    const newest = states.reduce(
      (lsn, { snapshotLsn }) => (snapshotLsn !== null && snapshotLsn > lsn ? snapshotLsn : lsn),
      position,
    );
    const mayGoOn = AbortSignal.any([signal, flushedPositions.failed]);
    // Foreign keys come back once every table has reached the newest snapshot: before, they need not hold.
    if (position < newest) await applier.run(open.queue, { signal: mayGoOn, stopAt: newest });
    await runBeside(mayGoOn, [
      (until) => applier.run(open.queue, { signal: until, stopAt }),
      (until) => restoreForeignKeys({ ...this.#restoreRequest(pipeline), signal: until }),
      (until, done) => this.#watchTables(plan, AbortSignal.any([until, done])),
    ]);
    await flushedPositions.settled();
  }

  /** Ends with REPLICATE_TABLE_ADDED when there is a table to be copied first. */
  async #watchTables(plan: Plan, signal: AbortSignal): Promise<void> {
    const { connections, options, log, clock } = this.#deps;
    const { tables } = options;
    const added = await watchTables({
      source: connections.source,
      plan,
      tables,
      log,
      clock,
      signal,
    });
    if (added !== null) throw new SluiceError('REPLICATE_TABLE_ADDED', { table: added });
  }
}

type Side = (until: AbortSignal, done: AbortSignal) => Promise<void>;

/**
 * Runs the first work and others beside it. `until` aborts for all when one of them fails; `done` when the
 * first has ended, for those that have no end of their own.
 */
async function runBeside(signal: AbortSignal, [main, ...others]: [Side, ...Side[]]): Promise<void> {
  const failed = new AbortController();
  const done = new AbortController();
  const until = AbortSignal.any([signal, failed.signal]);
  const guarded = async (work: Side): Promise<void> => {
    try {
      await work(until, done.signal);
    } catch (error) {
      failed.abort(error);
      throw error;
    }
  };
  const beside = others.map(guarded);
  for (const side of beside) side.catch(toldLater);
  try {
    await guarded(main);
  } finally {
    done.abort();
    await Promise.allSettled(beside);
  }
  await Promise.all(beside);
}

function toldLater(): undefined {
  return undefined;
}
