import { Command } from 'commander';
import { SluiceError } from '../../errors/index.ts';
import { findJobs } from '../find-jobs.ts';
import type { CommandIo } from '../io.ts';
import { addJobFlags } from '../job-flags.ts';
import { endProcess, readJobProcess } from '../job-process.ts';
import type { Flags } from '../pipeline-flags.ts';

/** What a batch may take that a job is at. */
const withinMs = 60_000;

/** `sluice jobs stop`. */
export function jobsStopCommand(io: CommandIo): Command {
  const command = new Command('stop')
    .summary('stop jobs in the background')
    .description(
      'Stops jobs that run in the background, after what they are at, and waits for their end.',
    );
  return addJobFlags(command).action(async (given: string[], flags: Flags) => {
    for (const job of await findJobs(io, 'jobs stop', given, flags)) {
      const { pid } = await readJobProcess(job);
      const { name } = job.plan;
      if (pid === null) {
        io.stdout.write(`${name}: does not run\n`);
        continue;
      }
      if (!(await endProcess(pid, withinMs)))
        throw new SluiceError('JOBS_STILL_RUNS', { job: name, pid });
      io.stdout.write(`${name}: stopped\n`);
    }
  });
}
