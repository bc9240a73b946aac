import { qualifiedName } from '../catalog/index.ts';
import { readTableStates, type Pipeline, type PipelineTable } from '../ledger/index.ts';
import type { Clock, Log, Progress } from '../service/index.ts';
import type { PipelineConnections } from './connections.ts';
import type { RestoreRequest } from './copy/index.ts';
import type { PipelineMetrics } from './metrics.ts';
import type { ReplicationOptions } from './options.ts';
import type { Standing } from './standing.ts';

/** What an attempt of a pipeline works with. */
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

/** More than the cores of a usual database server do not copy faster. */
export const defaultCopyJobs = 4;

export function restoreRequest(deps: AttemptDeps, owner: Pipeline): RestoreRequest {
  const { connections, log, progress, signal, options } = deps;
  const jobs = options.copyJobs ?? defaultCopyJobs;
  return { target: connections.targetTarget, owner, jobs, log, progress, signal };
}

export async function readStates(
  deps: AttemptDeps,
  pipeline: Pipeline,
): Promise<Map<string, PipelineTable>> {
  const states = await readTableStates(deps.connections.target, pipeline.name);
  return new Map(states.map((state) => [qualifiedName(state), state]));
}
