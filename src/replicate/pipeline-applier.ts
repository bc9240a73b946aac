import type { Pipeline, PipelineTable } from '../ledger/index.ts';
import type { Lsn } from '../wire/index.ts';
import { Applier } from './apply/applier.ts';
import type { AttemptDeps } from './attempt-deps.ts';
import { findDestinations } from './destinations.ts';
import type { Plan } from './plan.ts';
import { publicationsOf } from './preparation.ts';

export interface PipelineApplierOptions {
  readonly pipeline: Pipeline;
  /** Its stream format is that of the changes to come. */
  readonly plan: Plan;
  readonly states: readonly PipelineTable[];
  /** Everything before it is in the target. */
  readonly position: Lsn;
  /** What comes in binary can be had as text by asking again: nothing of it is kept. */
  readonly canAskForText: boolean;
  readonly onFlushed?: (position: Lsn) => void;
}

/** Applies a pipeline's changes to its target, and tells of each batch. */
export function pipelineApplier(deps: AttemptDeps, options: PipelineApplierOptions): Applier {
  const { connections, standing, metrics, log, options: settings } = deps;
  const { pipeline, plan, states, position, canAskForText, onFlushed } = options;
  return new Applier({
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
      tables: settings.tables ?? [],
      publications: publicationsOf(plan, pipeline),
      canAskForText,
    }),
    readHold: () => connections.readHold(pipeline.name),
    ...(settings.applyLimits && { limits: settings.applyLimits }),
    events: {
      committed: (batch) => {
        standing.applied(batch);
        metrics.applied(batch);
      },
      ...(onFlushed && { flushed: onFlushed }),
      retriedInOrder: (reason) => {
        metrics.retriedInOrder();
        log.debug('a batch is written row by row', reason);
      },
    },
  });
}
