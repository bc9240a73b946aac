import { Command, Option } from 'commander';
import { SluiceError } from '../../errors/index.ts';
import { findJobs } from '../find-jobs.ts';
import { readListen } from '../flag-values.ts';
import type { CommandIo } from '../io.ts';
import { addJobFlags } from '../job-flags.ts';
import { addLogFlags } from '../logging.ts';
import type { Flags } from '../pipeline-flags.ts';
import { detach, detachedFlag } from '../process/detach.ts';
import { runDetached } from '../process/run-detached.ts';
import { requireFiles, runJobs } from '../run-jobs.ts';

/** `sluice jobs run`. */
export function jobsRunCommand(io: CommandIo): Command {
  const command = new Command('run')
    .summary('run jobs')
    .description(
      'Runs jobs of sluice.toml by their names, or an ini file of SkyTools, until they are stopped. SIGHUP has them read ' +
        'their settings again. Consumers need a ticker: `sluice run` with `[queue]`, `sluice queue ticker`, or pgqd.',
    );
  addJobFlags(command)
    .option('--once', 'end when nothing is left to do')
    .option('-d, --daemon', 'run in the background; needs pidfile and logfile')
    .option('-q, --quiet', 'log warnings and errors only')
    .option('-v, --verbose', 'log debug lines; on an error, print its causes and call frames')
    .addOption(
      new Option(
        '--status-listen <host:port>',
        'serve /metrics, /healthz and /status there',
      ).argParser(readListen),
    )
    .addOption(new Option(detachedFlag).hideHelp());
  return addLogFlags(command).action(async (given: string[], flags: Flags) => {
    const find = () => findJobs(io, 'jobs run', given, flags);
    if (flags['detached'] === true) {
      return runDetached(io, 'sluice', async (onReady) =>
        runJobs(io, await find(), flags, onReady),
      );
    }
    const jobs = await find();
    if (flags['daemon'] !== true) return runJobs(io, jobs, flags);
    const [job, ...others] = jobs;
    if (job === undefined || others.length > 0) {
      const problem = '-d is for one job; for several: sluice jobs start';
      throw new SluiceError('COMMAND_USAGE', { command: 'jobs run', problem });
    }
    requireFiles(job);
    await detach(io);
  });
}
