import { Command, Option } from 'commander';
import { jobPart } from '../../daemon/index.ts';
import { findJobs } from '../find-jobs.ts';
import { readListen } from '../flag-values.ts';
import type { CommandIo } from '../io.ts';
import { addLogFlags, openLog, readLogFlags } from '../logging.ts';
import type { Flags } from '../pipeline-flags.ts';
import { textFlag } from '../pipelines.ts';
import { runParts } from '../run-parts.ts';

/** `sluice jobs run`. */
export function jobsRunCommand(io: CommandIo): Command {
  const command = new Command('run')
    .summary('run jobs')
    .description(
      'Runs jobs of sluice.toml by their names, or an ini file of SkyTools, until they are stopped. Consumers need a ' +
        'ticker: `sluice run` with `[queue]`, `sluice queue ticker`, or pgqd.',
    )
    .argument('[jobs...]', 'names of [jobs], or ini files')
    .option('--config <file>', 'the config file (default: $SLUICE_CONFIG, else sluice.toml)')
    .option('-a, --all', 'all jobs of the config file')
    .option('-t, --type <kind>', 'all of its jobs of this kind')
    .option('--once', 'end when nothing is left to do')
    .option('-q, --quiet', 'log warnings and errors only')
    .option('-v, --verbose', 'log debug lines; on an error, print its causes and call frames')
    .addOption(
      new Option(
        '--status-listen <host:port>',
        'serve /metrics, /healthz and /status there',
      ).argParser(readListen),
    );
  return addLogFlags(command).action(async (given: string[], flags: Flags) => {
    const { plans, warnings } = await findJobs(io, 'jobs run', given, flags);
    const level = flags['quiet'] === true ? 'warn' : 'info';
    const [only, ...others] = plans;
    const logFile = others.length === 0 ? only?.config.logfile : undefined;
    const log = openLog(io, readLogFlags(flags, level, logFile), undefined);
    for (const warning of warnings) log.warn(warning);
    await runParts(io, {
      parts: plans.map((plan) => jobPart(plan)),
      statusListen: textFlag(flags, 'statusListen'),
      log,
      view: undefined,
      following: undefined,
      isBounded: plans.every(({ once }) => once),
    });
  });
}
