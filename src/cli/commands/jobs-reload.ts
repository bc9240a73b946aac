import { Command } from 'commander';
import { findJobs } from '../find-jobs.ts';
import type { CommandIo } from '../io.ts';
import { addJobFlags } from '../job-flags.ts';
import { readJobProcess } from '../job-process.ts';
import type { Flags } from '../pipeline-flags.ts';

/** `sluice jobs reload`. */
export function jobsReloadCommand(io: CommandIo): Command {
  const command = new Command('reload')
    .summary('have jobs read their settings again')
    .description(
      'Has jobs that run in the background read their settings again. With settings that cannot be used they go on as ' +
        'before; their log says so.',
    );
  return addJobFlags(command).action(async (given: string[], flags: Flags) => {
    for (const job of await findJobs(io, 'jobs reload', given, flags)) {
      const { pid } = await readJobProcess(job);
      if (pid !== null) process.kill(pid, 'SIGHUP');
      io.stdout.write(`${job.plan.name}: ${pid === null ? 'does not run' : 'told'}\n`);
    }
  });
}
