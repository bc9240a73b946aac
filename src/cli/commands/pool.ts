import { Command } from 'commander';
import type { CommandIo } from '../io.ts';
import { poolCheckCommand } from './pool-check.ts';
import { poolConvertCommand } from './pool-convert.ts';
import { poolRunCommand } from './pool-run.ts';

/** `sluice pool ...`. */
export function poolCommand(io: CommandIo): Command {
  return new Command('pool')
    .summary('pool connections, as pgBouncer does')
    .description('Takes many client connections onto few server connections.')
    .addCommand(poolRunCommand(io))
    .addCommand(poolCheckCommand(io))
    .addCommand(poolConvertCommand(io));
}
