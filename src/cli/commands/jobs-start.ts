import { Command } from 'commander';
import { findJobs } from '../find-jobs.ts';
import type { CommandIo } from '../io.ts';
import { addJobFlags } from '../job-flags.ts';
import { readJobProcess } from '../job-process.ts';
import type { Flags } from '../pipeline-flags.ts';
import { detach } from '../process/detach.ts';
import { requireFiles } from '../run-jobs.ts';

/** `sluice jobs start`. */
export function jobsStartCommand(io: CommandIo): Command {
  const command = new Command('start')
    .summary('start jobs in the background')
    .description(
      'Starts each job as a process of its own in the background. It needs its settings pidfile and logfile.',
    );
  return addJobFlags(command).action(async (given: string[], flags: Flags) => {
    const jobs = await findJobs(io, 'jobs start', given, flags);
    for (const job of jobs) requireFiles(job);
    for (const job of jobs) {
      const { state, pid } = await readJobProcess(job);
      if (state === 'running') {
        io.stdout.write(`${job.plan.name}: runs already, as process ${pid}\n`);
        continue;
      }
      await detach(io, ['jobs', 'run', ...job.args]);
      const started = await readJobProcess(job);
      if (started.pid !== null) {
        io.stdout.write(`${job.plan.name}: started, as process ${started.pid}\n`);
      }
    }
  });
}
