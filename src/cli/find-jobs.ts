import { loadConfig, planOfJob, type LoadedConfig } from '../daemon/index.ts';
import { SluiceError } from '../errors/index.ts';
import { loadJobIni, type JobConfig, type JobPlan } from '../jobs/index.ts';
import { nearestName } from '../service/index.ts';
import type { CommandIo } from './io.ts';
import type { Flags } from './pipeline-flags.ts';
import { configFile, textFlag } from './pipelines.ts';

/** A job that a command works on. */
export interface FoundJob {
  readonly plan: JobPlan<JobConfig>;
  /** Where it stands: its ini file, or the config file and its section. */
  readonly place: string;
  /** What names it on a command line of its own. */
  readonly args: readonly string[];
  /** What is odd about its file. */
  readonly warnings: readonly string[];
  /** What its file says now. */
  reload(): Promise<JobPlan<JobConfig>>;
}

/** Jobs by their names in sluice.toml, by their ini files, all of the file (`--all`), or all of a kind (`--type`). */
export async function findJobs(
  io: CommandIo,
  command: string,
  given: readonly string[],
  flags: Flags,
): Promise<FoundJob[]> {
  const once = flags['once'] === true;
  const [files, names] = [given.filter(isIniFile), given.filter((name) => !isIniFile(name))];
  const fromFiles = await Promise.all(files.map((file) => fromIni(file, once)));
  if (files.length > 0 && names.length === 0) return fromFiles;
  return [...fromFiles, ...(await findConfigured(io, command, names, flags, once))];
}

/** What a name of `[jobs]` cannot be. */
function isIniFile(given: string): boolean {
  return given.endsWith('.ini') || given.includes('/');
}

async function fromIni(file: string, once: boolean): Promise<FoundJob> {
  const { plan, warnings } = await readIniPlan(file, once);
  const reload = () => readIniPlan(file, once).then((read) => read.plan);
  return { plan, place: file, args: [file], warnings, reload };
}

async function readIniPlan(file: string, once: boolean) {
  const ini = await loadJobIni(file);
  const plan: JobPlan<JobConfig> = {
    name: ini.name,
    config: ini.config,
    connectionOf: (connection) => Promise.resolve(connection),
    once: once || ini.once,
  };
  return { plan, warnings: ini.warnings };
}

async function findConfigured(
  io: CommandIo,
  command: string,
  names: readonly string[],
  flags: Flags,
  once: boolean,
): Promise<FoundJob[]> {
  const file = configFile(io, flags);
  const config = await loadConfig(file);
  const known = Object.keys(config.jobs);
  if (known.length === 0) throw new SluiceError('JOBS_NOT_CONFIGURED', { file });
  const chosen = names.length > 0 ? names : chooseByFlags(config, command, flags);
  return chosen.map((name) => ({
    plan: configuredPlan(config, name, once),
    place: `${file}: [jobs.${name}]`,
    args: [name, '--config', file],
    warnings: [],
    reload: async () => configuredPlan(await loadConfig(file), name, once),
  }));
}

function chooseByFlags(config: LoadedConfig, command: string, flags: Flags): string[] {
  const type = textFlag(flags, 'type');
  const names = Object.keys(config.jobs);
  if (type !== undefined) {
    const found = names.filter((name) => config.jobs[name]?.kind === type);
    if (found.length > 0) return found;
    const problem = `${config.file} has no job of kind ${type}`;
    throw new SluiceError('COMMAND_USAGE', { command, problem });
  }
  if (flags['all'] === true) return names;
  const problem = `which job? ${names.join(', ')}, or --all`;
  throw new SluiceError('COMMAND_USAGE', { command, problem });
}

function configuredPlan(config: LoadedConfig, name: string, once: boolean): JobPlan<JobConfig> {
  if (Object.hasOwn(config.jobs, name)) return planOfJob(config, name, once);
  const nearest = nearestName(name, Object.keys(config.jobs));
  throw new SluiceError('JOBS_UNKNOWN', {
    name,
    file: config.file,
    nearest: nearest === undefined ? '' : ` (did you mean ${nearest}?)`,
  });
}
