import {
  Replication,
  type PipelineConfig,
  type ReplicationOptions,
} from '../../replicate/index.ts';
import type { LoadedConfig } from '../config-file.ts';
import type { Part, PartService } from '../part.ts';

/** Every `[replicate.NAME]` as a part. */
export function replicateParts(config: LoadedConfig, onMade?: OnMade): Part[] {
  return Object.entries(config.replicate).map(([name, pipeline]) =>
    replicatePart(`replicate.${name}`, () => pipelineOptions(config, name, pipeline), onMade),
  );
}

/** Shown each pipeline that is made, to watch it. */
export type OnMade = (replication: Replication) => void;

/** One pipeline as a part, from options that are read anew at each start. */
export function replicatePart(
  name: string,
  readOptions: () => Promise<ReplicationOptions>,
  onMade?: OnMade,
): Part {
  return {
    name,
    make: async (deps) => {
      const replication = new Replication(await readOptions(), deps);
      onMade?.(replication);
      return asPart(replication);
    },
  };
}

/** What a section asks for, its names replaced by connection strings. */
export async function pipelineOptions(
  config: LoadedConfig,
  name: string,
  pipeline: PipelineConfig,
): Promise<ReplicationOptions> {
  const [source, target] = await Promise.all([
    config.connectionOf(pipeline.source),
    config.connectionOf(pipeline.target),
  ]);
  return replicationOptions(pipeline, {
    name,
    source: source.reveal(),
    target: target.reveal(),
  });
}

/** The settings of a section or of flags as the engine takes them. */
export function replicationOptions(
  pipeline: Omit<PipelineConfig, 'source' | 'target'>,
  place: Pick<ReplicationOptions, 'name' | 'source' | 'target' | 'once'>,
): ReplicationOptions {
  return {
    ...place,
    tables: pipeline.tables,
    tablesWithoutKey: pipeline.tables_without_key,
    copyJobs: pipeline.copy_jobs,
    backlog: pipeline.sql_backlog ? undefined : { fromBytes: Infinity },
    synchronousCommit: pipeline.synchronous_commit,
    spill: {
      mode: pipeline.spill,
      directory: pipeline.spill_dir,
      maxBytes: pipeline.spill_max,
    },
  };
}

function asPart(replication: Replication): PartService {
  return {
    get ready() {
      return replication.ready;
    },
    get finished() {
      return replication.finished;
    },
    get trouble() {
      const { phase, error } = replication.status();
      return phase === 'waiting' ? (error ?? 'waits to start again') : undefined;
    },
    start: (signal) => replication.start(signal),
    stop: () => replication.stop(),
    status: () => replication.status(),
  };
}
