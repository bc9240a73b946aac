import {
  isFeed,
  loadConfig,
  partChecks,
  sinkChecks,
  type LoadedConfig,
  type PartCheck,
} from '../daemon/index.ts';
import { SluiceError } from '../errors/index.ts';
import { nearestName } from '../service/index.ts';
import { checkPipeline } from './findings.ts';
import type { CommandIo } from './io.ts';
import type { Flags } from './pipeline-flags.ts';
import { configFile, findPipeline, textFlag } from './pipelines.ts';

/** What `sluice check` looks at: the pipeline of the flags, all of the file, or what of it is called so. */
export async function findChecks(
  io: CommandIo,
  given: string | undefined,
  flags: Flags,
): Promise<PartCheck[]> {
  if (textFlag(flags, 'source') !== undefined || textFlag(flags, 'target') !== undefined) {
    const pipeline = await findPipeline(io, 'check', given, flags);
    return [{ name: pipeline.name, check: (signal) => checkPipeline(pipeline, signal) }];
  }
  const config = await loadConfig(configFile(io, flags));
  const all = [...partChecks(config), ...pipelineChecks(io, config, flags), ...sinkChecks(config)];
  if (all.length === 0) throw new SluiceError('COMMAND_NOTHING_CONFIGURED', { file: config.file });
  const wanted = given ?? textFlag(flags, 'name');
  return wanted === undefined ? all : choose(all, wanted, config);
}

/** Each is found when it is looked at: one whose connection string is not there does not hide the others. */
function pipelineChecks(io: CommandIo, config: LoadedConfig, flags: Flags): PartCheck[] {
  return Object.entries(config.replicate).map(([name, pipeline]) => ({
    name,
    check: async (signal) => checkPipeline(await findPipeline(io, 'check', name, flags), signal),
    ...(isFeed(config, pipeline) && { sink: pipeline.target }),
  }));
}

/** What is called so or is in the section of that name, and the sinks that it writes to. */
function choose(all: readonly PartCheck[], wanted: string, config: LoadedConfig): PartCheck[] {
  const chosen = all.filter(({ name }) => name === wanted || name.startsWith(`${wanted}.`));
  if (chosen.length === 0) throw unknownName(all, wanted, config);
  const sinks = new Set(chosen.map(({ sink }) => `sinks.${sink}`));
  return all.filter((check) => chosen.includes(check) || sinks.has(check.name));
}

function unknownName(
  all: readonly PartCheck[],
  wanted: string,
  { file }: LoadedConfig,
): SluiceError {
  const names = all.map(({ name }) => name);
  const nearest = nearestName(wanted, names);
  const hint = nearest === undefined ? `there are ${names.join(', ')}` : `did you mean ${nearest}?`;
  const problem = `nothing in ${file} is called ${wanted} (${hint})`;
  return new SluiceError('COMMAND_USAGE', { command: 'check', problem });
}
