import { Argument, Command } from 'commander';
import { jobTemplate, kindNames } from '../../jobs/index.ts';
import type { CommandIo } from '../io.ts';

/** `sluice jobs init`. */
export function jobsInitCommand(io: CommandIo): Command {
  return new Command('init')
    .summary('print a section of sluice.toml for a kind of job')
    .description(
      'Prints a section of sluice.toml for a kind of job: what is required, and what else there is with its default.',
    )
    .addArgument(new Argument('<kind>', 'what the job does').choices(kindNames))
    .action((kind: string) => {
      io.stdout.write(jobTemplate(kind));
    });
}
