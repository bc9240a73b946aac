import { loadConfig, planOfJob, type LoadedConfig } from '../daemon/index.ts';
import { SluiceError } from '../errors/index.ts';
import { loadJobIni, type JobConfig, type JobPlan } from '../jobs/index.ts';
import { nearestName } from '../service/index.ts';
import type { CommandIo } from './io.ts';
import type { Flags } from './pipeline-flags.ts';
import { configFile, textFlag } from './pipelines.ts';

/** What a command about jobs works on. */
export interface FoundJobs {
  readonly plans: readonly JobPlan<JobConfig>[];
  /** What is odd about their files. */
  readonly warnings: readonly string[];
}

/** Jobs by their names in sluice.toml, by their ini files, all of the file (`--all`), or all of a kind (`--type`). */
export async function findJobs(
  io: CommandIo,
  command: string,
  given: readonly string[],
  flags: Flags,
): Promise<FoundJobs> {
  const once = flags['once'] === true;
  const [files, names] = [given.filter(isIniFile), given.filter((name) => !isIniFile(name))];
  const inis = await Promise.all(files.map(loadJobIni));
  const fromFiles = inis.map((ini) => ({
    name: ini.name,
    config: ini.config,
    connectionOf: (connection: string) => Promise.resolve(connection),
    once: once || ini.once,
  }));
  const fromConfig =
    files.length > 0 && names.length === 0
      ? []
      : await findConfigured(io, command, names, flags, once);
  return {
    plans: [...fromFiles, ...fromConfig],
    warnings: inis.flatMap(({ warnings }) => warnings),
  };
}

/** What a name of `[jobs]` cannot be. */
function isIniFile(given: string): boolean {
  return given.endsWith('.ini') || given.includes('/');
}

async function findConfigured(
  io: CommandIo,
  command: string,
  names: readonly string[],
  flags: Flags,
  once: boolean,
): Promise<JobPlan<JobConfig>[]> {
  const config = await loadConfig(configFile(io, flags));
  const known = Object.keys(config.jobs);
  if (known.length === 0) throw new SluiceError('JOBS_NOT_CONFIGURED', { file: config.file });
  const chosen = names.length > 0 ? names : chooseByFlags(config, command, flags);
  const unknown = chosen.find((name) => !known.includes(name));
  if (unknown !== undefined) throw noJob(config, unknown);
  return chosen.map((name) => planOfJob(config, name, once));
}

function chooseByFlags(config: LoadedConfig, command: string, flags: Flags): string[] {
  const type = textFlag(flags, 'type');
  const names = Object.keys(config.jobs);
  if (type !== undefined) return names.filter((name) => config.jobs[name]?.kind === type);
  if (flags['all'] === true) return names;
  const problem = `which job? ${names.join(', ')}, or --all`;
  throw new SluiceError('COMMAND_USAGE', { command, problem });
}

function noJob(config: LoadedConfig, name: string): SluiceError {
  const nearest = nearestName(name, Object.keys(config.jobs));
  return new SluiceError('JOBS_UNKNOWN', {
    name,
    file: config.file,
    nearest: nearest === undefined ? '' : ` (did you mean ${nearest}?)`,
  });
}
