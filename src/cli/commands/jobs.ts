import { Command } from 'commander';
import type { CommandIo } from '../io.ts';
import { jobsInitCommand } from './jobs-init.ts';
import { jobsRunCommand } from './jobs-run.ts';

/** `sluice jobs ...`. */
export function jobsCommand(io: CommandIo): Command {
  return new Command('jobs')
    .summary('jobs that move, load and keep data')
    .description('Ready-made jobs of [jobs.NAME], or of the ini files that SkyTools has for them.')
    .addCommand(jobsRunCommand(io))
    .addCommand(jobsInitCommand(io));
}
