import type { Pipeline, PipelineTable } from '../ledger/index.ts';
import type { Log } from '../service/index.ts';
import type { ValueFormat } from '../stream/index.ts';
import type { Lsn } from '../wire/index.ts';
import { Applier, type ApplyEvents, type ApplyLimits } from './apply/applier.ts';
import type { PipelineConnections } from './connections.ts';
import { findDestinations } from './destinations.ts';
import type { PipelineSpill } from './pipeline-spill.ts';
import type { Plan } from './plan.ts';

export interface DrainOptions {
  /** How values are written in the spill. */
  readonly format: ValueFormat;
  /** Everything before it is in the target. */
  readonly position: Lsn;
  readonly connections: PipelineConnections;
  readonly pipeline: Pipeline;
  readonly plan: Plan;
  readonly states: readonly PipelineTable[];
  readonly tables: readonly string[];
  readonly publications: readonly string[];
  readonly limits: Partial<ApplyLimits> | undefined;
  readonly events: Partial<ApplyEvents>;
  readonly log: Log;
  readonly signal: AbortSignal;
}

/**
 * What a durable spill holds was written as the stream came then. Where it comes otherwise now (a column that
 * only travels as text was added), that is applied first, as it is, and nothing is read meanwhile: both in one
 * spill could not be told apart.
 *
 * @returns where following starts: behind the spill
 * @throws SluiceError STREAM_SPILL_FORMAT a column in the spill can only be taken as text now
 */
export async function drainSpill(spill: PipelineSpill, options: DrainOptions): Promise<Lsn> {
  const { connections, pipeline, format, position, signal, log } = options;
  log.info('the spill is applied before more is read', {
    holds: format,
    comes: options.plan.streamFormat,
  });
  const held = await spill.open(connections.target, pipeline, {
    position,
    format,
    confirm: confirmNothing,
  });
  const applier = new Applier({
    session: connections.apply,
    owner: pipeline,
    slot: pipeline.slot,
    position,
    format,
    byDependency: !connections.isReplicaRole,
    findDestination: findDestinations({
      ...options,
      plan: { ...options.plan, streamFormat: format },
      source: connections.source,
      canAskForText: false,
    }),
    readHold: () => connections.readHold(pipeline.name),
    ...(options.limits && { limits: options.limits }),
    events: options.events,
  });
  await applier.run(held.queue, { signal, stopAt: held.readFrom });
  signal.throwIfAborted();
  return applier.position;
}

/** Nothing is read, so nothing gets into the spill. */
function confirmNothing(): undefined {
  return undefined;
}
