import type { Command } from 'commander';

/** Which jobs a command is about. */
export function addJobFlags(command: Command): Command {
  return command
    .argument('[jobs...]', 'names of [jobs], or ini files')
    .option('--config <file>', 'the config file (default: $SLUICE_CONFIG, else sluice.toml)')
    .option('-a, --all', 'all jobs of the config file')
    .option('-t, --type <kind>', 'all of its jobs of this kind');
}
