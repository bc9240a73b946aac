import { Command } from 'commander';
import type { CommandIo } from '../io.ts';
import { replicateCompareCommand } from './replicate-compare.ts';
import { replicateDropCommand } from './replicate-drop.ts';
import { replicateRunCommand } from './replicate-run.ts';
import { replicateStatusCommand } from './replicate-status.ts';

export function replicateCommand(io: CommandIo): Command {
  return new Command('replicate')
    .summary('copy a live database into another and follow it')
    .description(
      'Copies tables of a live database into another one, follows their changes, compares both.',
    )
    .addCommand(replicateRunCommand(io))
    .addCommand(replicateStatusCommand(io))
    .addCommand(replicateCompareCommand(io))
    .addCommand(replicateDropCommand(io));
}
