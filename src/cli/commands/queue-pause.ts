import { Command } from 'commander';
import { pauseQueue } from '../../queue/index.ts';
import { addDatabaseFlag } from '../database-flag.ts';
import type { CommandIo } from '../io.ts';
import type { Flags } from '../pipeline-flags.ts';
import { withQueues } from '../queue-database.ts';

/** `sluice queue pause`. */
export function queuePauseCommand(io: CommandIo): Command {
  const command = new Command('pause')
    .summary('stop giving out events of a queue')
    .description(
      'Stops giving events to consumers: the queue takes them and is not ticked. Batches that are there are still given out.',
    )
    .argument('<queue>', 'its name');
  return addDatabaseFlag(command).action(async (queue: string, flags: Flags) => {
    await withQueues(io, 'queue pause', flags, (client) => pauseQueue(client, queue, true));
    io.stdout.write(`${queue}: paused\n`);
  });
}
