import type { Pipeline } from '../ledger/index.ts';
import type { ValueFormat } from '../stream/index.ts';
import type { Lsn } from '../wire/index.ts';
import { readStates, type AttemptDeps } from './attempt-deps.ts';
import { pipelineApplier } from './pipeline-applier.ts';
import type { PipelineSpill } from './pipeline-spill.ts';
import type { Plan } from './plan.ts';

export interface DrainOptions {
  readonly plan: Plan;
  readonly pipeline: Pipeline;
  /** How values are written in the spill. */
  readonly format: ValueFormat;
  /** Everything before it is in the target. */
  readonly position: Lsn;
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
export async function drainSpill(
  deps: AttemptDeps,
  spill: PipelineSpill,
  { plan, pipeline, format, position, signal }: DrainOptions,
): Promise<Lsn> {
  deps.log.info('the spill is applied before more is read', {
    holds: format,
    comes: plan.streamFormat,
  });
  const held = await spill.open(deps.connections.target, pipeline, {
    position,
    format,
    confirm: confirmNothing,
  });
  const applier = pipelineApplier(deps, {
    pipeline,
    plan: { ...plan, streamFormat: format },
    states: [...(await readStates(deps, pipeline)).values()],
    position,
    canAskForText: false,
  });
  await applier.run(held.queue, { signal, stopAt: held.readFrom });
  signal.throwIfAborted();
  return applier.position;
}

/** Nothing is read, so nothing gets into the spill. */
function confirmNothing(): undefined {
  return undefined;
}
