import { Command } from 'commander';
import type { CommandIo } from '../io.ts';
import { jobsInitCommand } from './jobs-init.ts';
import { jobsReloadCommand } from './jobs-reload.ts';
import { jobsRunCommand } from './jobs-run.ts';
import { jobsStartCommand } from './jobs-start.ts';
import { jobsStatusCommand } from './jobs-status.ts';
import { jobsStopCommand } from './jobs-stop.ts';

/** `sluice jobs ...`. */
export function jobsCommand(io: CommandIo): Command {
  return new Command('jobs')
    .summary('jobs that move, load and keep data')
    .description('Ready-made jobs of [jobs.NAME], or of the ini files that SkyTools has for them.')
    .addCommand(jobsRunCommand(io))
    .addCommand(jobsStatusCommand(io))
    .addCommand(jobsStartCommand(io))
    .addCommand(jobsStopCommand(io))
    .addCommand(jobsReloadCommand(io))
    .addCommand(jobsInitCommand(io));
}
