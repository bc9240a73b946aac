import {
  defaultConfigFile,
  isFeed,
  loadConfig,
  pipelineOptions,
  replicationOptions,
  type LoadedConfig,
} from '../daemon/index.ts';
import { isSluiceError, SluiceError } from '../errors/index.ts';
import { defaultName, type PipelineConfig, type ReplicationOptions } from '../replicate/index.ts';
import { nearestName } from '../service/index.ts';
import { parseConnection } from '../session/index.ts';
import type { CommandIo } from './io.ts';
import { readSettings, type Flags } from './pipeline-flags.ts';

/** What a command works on. */
export interface FoundPipeline {
  /** As messages call it. */
  readonly name: string;
  readonly options: ReplicationOptions;
  /** The file it stands in; none when it was given with flags. */
  readonly config: LoadedConfig | undefined;
  /** Its target, when that is a sink: the target of `options` keeps the position then. */
  readonly sink: string | undefined;
}

/** Exactly one: the named one, the one of the flags, or the only one of the file. */
export async function findPipeline(
  io: CommandIo,
  command: string,
  name: string | undefined,
  flags: Flags,
): Promise<FoundPipeline> {
  const [found, ...others] = await findPipelines(io, command, name, flags);
  if (found !== undefined && others.length === 0) return found;
  const names = [found, ...others].map((pipeline) => pipeline?.name).join(', ');
  throw usage(command, `which pipeline? ${names}`);
}

/** The named one, the one of the flags, or all of the file. */
export async function findPipelines(
  io: CommandIo,
  command: string,
  name: string | undefined,
  flags: Flags,
): Promise<FoundPipeline[]> {
  const source = textFlag(flags, 'source');
  const target = textFlag(flags, 'target');
  if (source === undefined && target === undefined) {
    return findConfigured(
      await loadConfig(configFile(io, flags)),
      command,
      name ?? textFlag(flags, 'name'),
      flags,
    );
  }
  if (source === undefined || target === undefined) {
    throw usage(command, `--${source === undefined ? 'source' : 'target'} is missing`);
  }
  return [await fromFlags(io, command, { source, target, name }, flags)];
}

export function configFile(io: CommandIo, flags: Flags): string {
  return textFlag(flags, 'config') ?? io.env['SLUICE_CONFIG'] ?? defaultConfigFile;
}

export function textFlag(flags: Flags, name: string): string | undefined {
  const value = flags[name];
  return typeof value === 'string' ? value : undefined;
}

async function findConfigured(
  config: LoadedConfig,
  command: string,
  name: string | undefined,
  flags: Flags,
): Promise<FoundPipeline[]> {
  const known = Object.entries(config.replicate);
  if (known.length === 0)
    throw new SluiceError('COMMAND_NOTHING_CONFIGURED', { file: config.file });
  const chosen = name === undefined ? known : known.filter(([key]) => key === name);
  if (chosen.length === 0) throw noPipeline(config, name ?? '');
  return Promise.all(
    chosen.map(async ([key, pipeline]) => {
      const merged: PipelineConfig = { ...pipeline, ...readSettings(flags, pipeline, command) };
      return {
        name: key,
        options: { ...(await pipelineOptions(config, key, merged)), ...onceFlag(flags) },
        config,
        sink: isFeed(config, pipeline) ? pipeline.target : undefined,
      };
    }),
  );
}

/** What a status is asked of: the databases of a pipeline, or a target alone, for all that arrives in it. */
export async function findStatusPlaces(
  io: CommandIo,
  command: string,
  name: string | undefined,
  flags: Flags,
): Promise<
  { name: string; place: { source?: string; target: string; name?: string | undefined } }[]
> {
  const target = textFlag(flags, 'target');
  if (target !== undefined && textFlag(flags, 'source') === undefined) {
    const wanted = name ?? textFlag(flags, 'name');
    const place = { target: await connectionString(io, flags, '--target', target), name: wanted };
    return [{ name: wanted ?? 'any pipeline', place }];
  }
  const pipelines = await findPipelines(io, command, name, flags);
  return pipelines.map(({ name, options }) => ({
    name,
    place: { source: options.source, target: options.target, name: options.name },
  }));
}

async function fromFlags(
  io: CommandIo,
  command: string,
  place: { source: string; target: string; name: string | undefined },
  flags: Flags,
): Promise<FoundPipeline> {
  const [source, target] = await Promise.all([
    connectionString(io, flags, '--source', place.source),
    connectionString(io, flags, '--target', place.target),
  ]);
  const name = place.name ?? textFlag(flags, 'name');
  const settings = readSettings(flags, undefined, command);
  const options = replicationOptions(settings, { source, target, name, ...onceFlag(flags) });
  return { name: name ?? defaultName(options), options, config: undefined, sink: undefined };
}

/** What holds none of these is a name of `[databases]`: no connection string does without. */
export async function connectionString(
  io: CommandIo,
  flags: Flags,
  flag: string,
  text: string,
): Promise<string> {
  if (!/[:=/]/.test(text)) return namedConnection(configFile(io, flags), flag, text);
  parseConnection(text, process.env, flag); // what is wrong with it is told here, where its place is known
  return text;
}

/** Without a file it may be a string that was cut short as well. */
async function namedConnection(file: string, flag: string, name: string): Promise<string> {
  try {
    return (await (await loadConfig(file)).connectionOf(name)).reveal();
  } catch (cause) {
    if (!isSluiceError(cause, 'CONFIG_NOT_FOUND')) throw cause;
    const problem = `${flag} names it, and there is no ${file}`;
    throw new SluiceError('CONFIG_DATABASE', { database: name, problem }, { cause });
  }
}

function onceFlag(flags: Flags): Pick<ReplicationOptions, 'once'> {
  return flags['once'] === true ? { once: true } : {};
}

function noPipeline(config: LoadedConfig, name: string): SluiceError {
  const nearest = nearestName(name, Object.keys(config.replicate));
  return new SluiceError('COMMAND_NO_PIPELINE', {
    name,
    file: config.file,
    nearest: nearest === undefined ? '' : ` (did you mean ${nearest}?)`,
  });
}

function usage(command: string, problem: string): SluiceError {
  return new SluiceError('COMMAND_USAGE', { command, problem });
}
