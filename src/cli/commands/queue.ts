import { Command } from 'commander';
import type { CommandIo } from '../io.ts';
import { queueTickerCommand } from './queue-ticker.ts';

/** `sluice queue ...`. */
export function queueCommand(io: CommandIo): Command {
  return new Command('queue')
    .summary('queues in a database, as PgQ has them')
    .description('Events published in a transaction, consumed in batches.')
    .addCommand(queueTickerCommand(io));
}
