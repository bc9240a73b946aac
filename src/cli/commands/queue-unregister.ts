import { Command } from 'commander';
import { unregisterConsumer } from '../../queue/index.ts';
import { addDatabaseFlag } from '../database-flag.ts';
import type { CommandIo } from '../io.ts';
import type { Flags } from '../pipeline-flags.ts';
import { withQueues } from '../queue-database.ts';

/** `sluice queue unregister`. */
export function queueUnregisterCommand(io: CommandIo): Command {
  const command = new Command('unregister')
    .summary('remove a consumer')
    .description('Removes a consumer; what it has not read yet is gone for it.')
    .argument('<queue>', 'the queue')
    .argument('<consumer>', 'the name of the consumer');
  return addDatabaseFlag(command).action(async (queue: string, consumer: string, flags: Flags) => {
    await withQueues(
      io,
      'queue unregister',
      flags,
      (client) => unregisterConsumer(client, queue, consumer),
      'pgq_reader',
    );
    io.stdout.write(`${queue}/${consumer}: removed\n`);
  });
}
