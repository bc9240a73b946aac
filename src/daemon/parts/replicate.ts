import {
  defaultName,
  Feed,
  Replication,
  type FeedOptions,
  type PipelineConfig,
  type ReplicationOptions,
} from '../../replicate/index.ts';
import type { Sink, SinkDeps } from '../../sink/index.ts';
import type { LoadedConfig } from '../config-file.ts';
import type { Part, PartService } from '../part.ts';

/** Every `[replicate.NAME]` as a part. */
export function replicateParts(config: LoadedConfig, onMade?: OnMade): Part[] {
  return Object.entries(config.replicate).map(([name, pipeline]) => {
    const part = `replicate.${name}`;
    const readOptions = () => pipelineOptions(config, name, pipeline);
    return isFeed(config, pipeline)
      ? feedPart(part, readOptions, (deps) => config.makeSink(pipeline.target, deps), onMade)
      : replicatePart(part, readOptions, onMade);
  });
}

/** Shown each pipeline that is made, to watch it. */
export type OnMade = (made: Pick<Replication, 'name' | 'status'>) => void;

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

/** One pipeline whose target is a sink, from the options that `pipelineOptions` has for it. */
export function feedPart(
  name: string,
  readOptions: () => Promise<ReplicationOptions>,
  makeSink: (deps: SinkDeps) => Promise<Sink>,
  onMade?: OnMade,
): Part {
  return {
    name,
    make: async (deps) => {
      const feed = new Feed(feedOptions(await readOptions()), await makeSink(deps), deps);
      onMade?.(feed);
      return asPart(feed);
    },
  };
}

/** Whether the pipeline's target is a sink. */
export function isFeed(config: LoadedConfig, { target }: PipelineConfig): boolean {
  return target in config.sinks;
}

/** The options of a pipeline as a feed takes them: its target is what keeps the position. */
export function feedOptions(options: ReplicationOptions): FeedOptions {
  const { source, target: positions, name, tables, tablesWithoutKey, once, isChecked } = options;
  const { directory, maxBytes } = options.spill ?? {};
  return {
    source,
    positions,
    name: name ?? defaultName(options),
    tables,
    tablesWithoutKey,
    once,
    isChecked,
    spill: { directory, maxBytes },
  };
}

/** What a section asks for, its names replaced by connection strings; in place of a sink, what keeps the position. */
export async function pipelineOptions(
  config: LoadedConfig,
  name: string,
  pipeline: PipelineConfig,
): Promise<ReplicationOptions> {
  const [source, target] = await Promise.all([
    config.connectionOf(pipeline.source),
    config.connectionOf(
      isFeed(config, pipeline) ? (pipeline.positions ?? pipeline.source) : pipeline.target,
    ),
  ]);
  return replicationOptions(pipeline, {
    name,
    source: source.reveal(),
    target: target.reveal(),
  });
}

/** The settings of a section or of flags as the engine takes them. */
export function replicationOptions(
  pipeline: Omit<PipelineConfig, 'source' | 'target' | 'positions'>,
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

function asPart(replication: Replication | Feed): PartService {
  return {
    get ready() {
      return replication.ready;
    },
    get finished() {
      return replication.finished;
    },
    get trouble() {
      const { phase, error } = replication.status();
      return phase === 'waiting' ? (error ?? 'waits to start again') : (error ?? undefined);
    },
    start: (signal) => replication.start(signal),
    stop: () => replication.stop(),
    status: () => replication.status(),
  };
}
