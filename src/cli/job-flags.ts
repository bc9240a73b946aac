import { Option, type Command } from 'commander';
import { kindNames } from '../jobs/index.ts';

/** Which jobs a command is about. */
export function addJobFlags(command: Command): Command {
  return command
    .argument('[jobs...]', 'names of [jobs], or ini files')
    .option('--config <file>', 'the config file (default: $SLUICE_CONFIG, else sluice.toml)')
    .option('-a, --all', 'all jobs of the config file')
    .addOption(new Option('-t, --type <kind>', 'all of its jobs of this kind').choices(kindNames));
}
