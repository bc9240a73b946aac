import { Command } from 'commander';
import { dropQueue } from '../../queue/index.ts';
import { addDatabaseFlag } from '../database-flag.ts';
import type { CommandIo } from '../io.ts';
import type { Flags } from '../pipeline-flags.ts';
import { withQueues } from '../queue-database.ts';

/** `sluice queue drop`. */
export function queueDropCommand(io: CommandIo): Command {
  const command = new Command('drop')
    .summary('remove a queue and its events')
    .description(
      'Removes a queue with everything in it, and the slot of one that lives in the WAL. Refused while it has consumers, ' +
        'unless forced.',
    )
    .argument('<queue>', 'its name')
    .option('--force', 'with its consumers; what they have not read is lost');
  return addDatabaseFlag(command).action(async (queue: string, flags: Flags) => {
    const removed = await withQueues(io, 'queue drop', flags, (client) =>
      dropQueue(client, queue, { force: flags['force'] === true }),
    );
    io.stdout.write(`${[`${queue}: removed`, ...removed].join(', ')}\n`);
  });
}
