import { Command, Option } from 'commander';
import { SluiceError } from '../../errors/index.ts';
import { loadPgbouncerIni, Predecessor } from '../../pool/index.ts';
import { loadConfig, loadPoolConfig } from '../../daemon/index.ts';
import { exitCodeOf } from '../exit-code.ts';
import { readListen } from '../flag-values.ts';
import type { CommandIo } from '../io.ts';
import type { Flags } from '../pipeline-flags.ts';
import { configFile, textFlag } from '../pipelines.ts';
import { detach, detachedFlag, tellStarter } from '../process/detach.ts';
import { Asker, takingOverFlag } from '../pooler/door.ts';
import { runPool, type PoolRun } from '../pooler/run-pool.ts';
import { findRunning, takeOver } from '../pooler/take-over.ts';
import { showError } from '../show-error.ts';
import { readVersion } from '../version.ts';

/** `sluice pool run`: a pooler, with pgBouncer's options. */
export function poolRunCommand(io: CommandIo): Command {
  const command = new Command('run')
    .summary('run the pooler of a pgbouncer.ini, or [pool] of sluice.toml')
    .description(
      'Runs the pooler that a pgbouncer.ini describes; without one, `[pool]` of sluice.toml. Signals do what they do ' +
        'to pgBouncer: HUP reloads, TERM waits for clients to leave, INT for servers to get free, QUIT ends at once, ' +
        'USR1 pauses, USR2 resumes.',
    )
    .argument('[file]', 'a pgbouncer.ini (default: [pool] of sluice.toml)')
    .option('--config <file>', 'the config file (default: $SLUICE_CONFIG, else sluice.toml)');
  return addPoolRunFlags(command)
    .version(`sluice ${readVersion()}`, '-V', 'print the version')
    .addOption(
      new Option(
        '--status-listen <host:port>',
        'serve /metrics, /healthz and /status there',
      ).argParser(readListen),
    )
    .action((file: string | undefined, flags: Flags) => runOrDetach(io, file, flags));
}

/** pgBouncer's own. */
export function addPoolRunFlags(command: Command): Command {
  return command
    .option('-d, --daemon', 'run in the background; needs pidfile and logfile')
    .option('-q, --quiet', 'do not log to stderr')
    .option('-v, --verbose', 'log debug lines, too; again: nothing more', count)
    .option('-u, --user <name>', 'become this user when the sockets are open')
    .option('-R, --reboot', 'take over from the running process, with its clients')
    .addOption(new Option(detachedFlag).hideHelp())
    .addOption(new Option(`${takingOverFlag} <door>`).hideHelp());
}

function count(_given: string, before: unknown): number {
  return Number(before ?? 0) + 1;
}

type ShownHow = Parameters<typeof showError>[2];

/** Runs the pooler here, or sees it started in the background. */
export async function runOrDetach(
  io: CommandIo,
  file: string | undefined,
  flags: Flags,
  name = 'sluice',
): Promise<void> {
  const shown = { isVerbose: verbosity(flags) > 0, isJson: false, name };
  if (flags['detached'] === true) return runDetached(io, file, flags, shown);
  const door = textFlag(flags, 'takingOver');
  if (door !== undefined) return runSuccessor(io, file, flags, { door, shown });
  const run = await readRun(io, file, flags);
  if (flags['reboot'] === true && (await findRunning(io, run))) {
    return takeOver(io, run, flags['daemon'] === true);
  }
  if (flags['daemon'] !== true) return runPool(io, run);
  const needs = ['pidfile', 'logfile'] as const;
  const missing = needs.find((setting) => run.config.settings[setting] === '');
  if (missing !== undefined) {
    throw new SluiceError('COMMAND_DETACHED_NEEDS', { file: run.config.file, setting: missing });
  }
  await detach(io);
}

/** In the background nobody reads stderr: what keeps it from starting is for the process that started it. */
async function runDetached(
  io: CommandIo,
  file: string | undefined,
  flags: Flags,
  shown: ShownHow,
): Promise<void> {
  try {
    const run = await readRun(io, file, flags);
    await runPool(io, { ...run, isQuiet: true, onReady: () => tellStarter({ kind: 'ready' }) });
  } catch (error) {
    const lines: string[] = [];
    const stderr = { write: (text: string) => lines.push(text) };
    showError(error, { ...io, stderr }, shown);
    await tellStarter({ kind: 'failed', said: lines.join(''), exitCode: exitCodeOf(error) });
    throw error;
  }
}

/** Started by the process that it takes over from; the command line that asked for it hears how it goes. */
async function runSuccessor(
  io: CommandIo,
  file: string | undefined,
  flags: Flags,
  { door, shown }: { readonly door: string; readonly shown: ShownHow },
): Promise<void> {
  const predecessor = Predecessor.ofProcess();
  const asker = await Asker.find(door);
  const ownIo = { ...io, stderr: asker, exitCode: 0 };
  try {
    const run = await readRun(io, file, flags);
    const isQuiet = run.isQuiet || flags['daemon'] === true;
    await runPool(ownIo, { ...run, isQuiet, predecessor });
    await asker.end(ownIo.exitCode);
  } catch (error) {
    showError(error, ownIo, shown);
    await asker.end(exitCodeOf(error));
    throw error;
  } finally {
    predecessor.close();
  }
}

async function readRun(io: CommandIo, file: string | undefined, flags: Flags): Promise<PoolRun> {
  const common = {
    isQuiet: flags['quiet'] === true,
    verbose: verbosity(flags),
    statusListen: textFlag(flags, 'statusListen'),
  };
  if (file !== undefined) {
    const config = await loadPgbouncerIni(file);
    const user = textFlag(flags, 'user') ?? config.settings.user;
    return { ...common, config, user, load: loadPgbouncerIni };
  }
  const toml = configFile(io, flags);
  const { service } = await loadConfig(toml);
  return {
    ...common,
    config: await loadPoolConfig(toml),
    load: () => loadPoolConfig(toml),
    user: textFlag(flags, 'user') ?? '',
    logLevel: service.log_level,
    logFile: service.log_file,
    statusListen: common.statusListen ?? service.status_listen,
  };
}

function verbosity({ verbose }: Flags): number {
  return typeof verbose === 'number' ? verbose : 0;
}
