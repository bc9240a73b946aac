import { Command } from 'commander';
import type { CommandIo } from '../io.ts';
import { addPlaceFlags, type Flags } from '../pipeline-flags.ts';
import { showStatus } from '../show-status.ts';

/** `sluice replicate status`: positions, lag, slot and tables, running or not. */
export function replicateStatusCommand(io: CommandIo): Command {
  const command = new Command('status')
    .summary('show pipelines: positions, lag, slot, tables')
    .description(
      'Shows what the ledger of the target and the slot of the source say of a pipeline, whether it runs or not.',
    )
    .argument('[name]', 'one pipeline (default: all of the file)')
    .option('--json', 'print one JSON document');
  return addPlaceFlags(command).action((name: string | undefined, flags: Flags) =>
    showStatus(io, 'replicate status', name, flags),
  );
}
