import { qualifiedName } from '../catalog/index.ts';
import { SluiceError } from '../errors/index.ts';
import { migrate, setTableChoice, startPosition, type Pipeline } from '../ledger/index.ts';
import { failpoint } from '../service/index.ts';
import {
  pumpBlocks,
  readSlot,
  readSlotChanges,
  sourcePosition,
  type ChangeReader,
} from '../stream/index.ts';
import type { Lsn } from '../wire/index.ts';
import { defaultCopyJobs, readStates, restoreRequest, type AttemptDeps } from './attempt-deps.ts';
import { copyTables, restoreForeignKeys } from './copy/index.ts';
import { drainSpill } from './drain-spill.ts';
import { FlushedPositions } from './flushed-positions.ts';
import { pipelineApplier } from './pipeline-applier.ts';
import { openSpill, type OpenQueue, type PipelineSpill } from './pipeline-spill.ts';
import { planTables, type Plan } from './plan.ts';
import {
  begin,
  checkFirst,
  claim,
  publicationsOf,
  publishTables,
  type Beginning,
} from './preparation.ts';
import { runBeside } from './run-beside.ts';
import type { SlotSnapshot } from './source/slot.ts';
import {
  defaultSilenceLimitMs,
  watchConnections,
  type ConnectionWatch,
} from './watch-connections.ts';
import { watchTables } from './watch-tables.ts';

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
    if (!this.#deps.isChecked) await checkFirst(this.#deps);
    const pipeline = await claim(this.#deps);
    standing.claimed(pipeline);
    await setTableChoice(connections.target, pipeline, {
      tables: options.tables ?? [],
      tablesWithoutKey: options.tablesWithoutKey ?? 'refuse',
    });
    await publishTables(this.#deps, plan, pipeline);
    const spill = await openSpill(pipeline, options.spill);
    try {
      const begun = await begin(this.#deps, plan, pipeline, spill);
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

  /** Where following starts: behind what a spill of another format holds, once that is applied. */
  async #drainSpill(
    plan: Plan,
    pipeline: Pipeline,
    position: Lsn,
    spill: PipelineSpill,
  ): Promise<Lsn> {
    const format = spill.heldFormat(position);
    if (format === null || format === plan.streamFormat) return position;
    const watch = this.#watchConnections();
    try {
      const signal = AbortSignal.any([this.#deps.signal, watch.lost]);
      return await drainSpill(this.#deps, spill, { plan, pipeline, format, position, signal });
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
      publications: publicationsOf(plan, pipeline),
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

  async #copy(
    plan: Plan,
    pipeline: Pipeline,
    snapshot: SlotSnapshot,
    signal: AbortSignal,
  ): Promise<void> {
    const { connections, options, log, progress, standing, metrics } = this.#deps;
    standing.enter('copying');
    const states = await readStates(this.#deps, pipeline);
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
    const { standing, metrics, signal, becomeReady, options } = this.#deps;
    const { reader, open, stopAt, position } = from;
    const states = [...(await readStates(this.#deps, pipeline)).values()];
    const flushedPositions = new FlushedPositions(open);
    const applier = pipelineApplier(this.#deps, {
      pipeline,
      plan,
      states,
      position,
      // A durable spill holds what was read in binary.
      canAskForText: options.spill?.mode !== 'durable',
      onFlushed: (flushed) => {
        reader.confirm(flushed);
        standing.confirmed(flushed);
        metrics.flushed();
        flushedPositions.forget(flushed);
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
      (until) => restoreForeignKeys({ ...restoreRequest(this.#deps, pipeline), signal: until }),
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
