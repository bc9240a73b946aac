import { Command } from 'commander';
import type { CommandIo } from '../io.ts';
import type { Flags } from '../pipeline-flags.ts';
import { showEverything } from '../show-status.ts';

/** `sluice status`: everything in sluice.toml. */
export function statusCommand(io: CommandIo): Command {
  return new Command('status')
    .summary('show everything in sluice.toml')
    .description(
      'Shows everything that sluice.toml configures, whether it runs or not. The pool is asked at `status_listen` of `[service]`.',
    )
    .option('--config <file>', 'the config file (default: $SLUICE_CONFIG, else sluice.toml)')
    .option('--json', 'print one JSON document')
    .action((flags: Flags) => showEverything(io, flags));
}
