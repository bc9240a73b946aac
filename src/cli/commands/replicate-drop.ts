import { Command } from 'commander';
import { dropReplication } from '../../replicate/index.ts';
import { toJson } from '../../service/index.ts';
import { withInterrupt } from '../interrupt.ts';
import type { CommandIo } from '../io.ts';
import { openLog } from '../logging.ts';
import { addPlaceFlags, type Flags } from '../pipeline-flags.ts';
import { findPipeline } from '../pipelines.ts';

/** `sluice replicate drop`: nothing of the pipeline stays but the copied tables (P11). */
export function replicateDropCommand(io: CommandIo): Command {
  const command = new Command('drop')
    .summary('remove what a pipeline made: slot, publication, ledger')
    .description(
      'Removes everything the pipeline made, also after a crash: slots and publications on the source, its rows in the ' +
        'ledger of the target. The copied tables stay. Refused while a process runs it.',
    )
    .argument('[name]', 'the pipeline in sluice.toml (default: its only one)')
    .option('--json', 'print one JSON document');
  return addPlaceFlags(command).action(async (name: string | undefined, flags: Flags) => {
    const { options } = await findPipeline(io, 'replicate drop', name, flags);
    const log = openLog(io, { level: 'warn' }, undefined);
    const { result } = await withInterrupt(io, (signal) =>
      dropReplication(options, { log, signal }),
    );
    if (flags['json'] === true) io.stdout.write(`${toJson(result, 2)}\n`);
    else if (result.removed.length === 0) io.stdout.write(`${result.name}: nothing was left\n`);
    else io.stdout.write(`${result.name}: removed ${result.removed.join(', ')}\n`);
  });
}
