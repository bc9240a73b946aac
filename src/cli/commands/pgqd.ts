import { readFile } from 'node:fs/promises';
import { Command, Option } from 'commander';
import { SluiceError } from '../../errors/index.ts';
import type { CommandIo } from '../io.ts';
import type { Flags } from '../pipeline-flags.ts';
import { findPgqd, loadPgqdIni, runPgqd, type PgqdConfig } from '../pgqd.ts';
import { detach, detachedFlag } from '../process/detach.ts';
import { runDetached } from '../process/run-detached.ts';
import { readVersion } from '../version.ts';

/** What we are when called by the name `pgqd`: its command line, and nothing else. */
export function pgqdCommand(io: CommandIo): Command {
  return new Command('pgqd')
    .description('Ticker and maintenance of queues: Sluice, with the command line of pgqd.')
    .argument('[config]', 'a pgqd.ini')
    .option('-q, --quiet', 'log warnings and errors only')
    .option('-v, --verbose', 'log debug lines')
    .option('-d, --daemon', 'run in the background; needs pidfile and logfile')
    .option('-s, --stop', 'stop the process that the pidfile names')
    .option('-k, --kill', 'stop it at once')
    .option('-r, --reload', 'have it look for new databases: it does so by itself')
    .option('--ini', 'print a pgqd.ini')
    .version(`sluice ${readVersion()}`, '-V, --version', 'print the version')
    .addOption(new Option(detachedFlag).hideHelp())
    .action((file: string | undefined, flags: Flags) => act(io, file, flags));
}

async function act(io: CommandIo, file: string | undefined, flags: Flags): Promise<void> {
  if (flags['ini'] === true) {
    io.stdout.write(template);
    return;
  }
  if (file === undefined) {
    throw new SluiceError('COMMAND_USAGE', { command: 'queue ticker', problem: 'name a pgqd.ini' });
  }
  if (flags['detached'] === true) {
    return runDetached(io, 'pgqd', async (onReady) =>
      runPgqd(io, await loadPgqdIni(file), { level: levelOf(flags), onReady }),
    );
  }
  const config = await loadPgqdIni(file);
  if (flags['daemon'] === true) return start(io, config);
  const signal = signalOf(flags);
  if (signal === null) return runPgqd(io, config, { level: levelOf(flags) });
  process.kill(await findPgqd(config, (name) => readFile(name, 'utf8').catch(() => '')), signal);
}

async function start(io: CommandIo, config: PgqdConfig): Promise<void> {
  const missing = (['pidfile', 'logfile'] as const).find((key) => config[key] === undefined);
  if (missing !== undefined) {
    throw new SluiceError('COMMAND_DETACHED_NEEDS', { file: config.file, setting: missing });
  }
  await detach(io);
}

/** SIGHUP would end what has no use for it. */
function signalOf(flags: Flags): NodeJS.Signals | 0 | null {
  if (flags['stop'] === true) return 'SIGINT';
  if (flags['kill'] === true) return 'SIGKILL';
  return flags['reload'] === true ? 0 : null;
}

function levelOf(flags: Flags): 'debug' | 'info' | 'warn' {
  if (flags['quiet'] === true) return 'warn';
  return flags['verbose'] === true ? 'debug' : 'info';
}

const template = `[pgqd]
logfile = ~/log/pgqd.log
pidfile = ~/pid/pgqd.pid

# how to connect; the database is added
base_connstr =

# where to look which databases there are
initial_database = template1

# these only; empty: all that have queues
database_list =

# seconds between two looks for databases
check_period = 60
`;
