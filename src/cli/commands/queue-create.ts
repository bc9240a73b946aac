import { Command } from 'commander';
import { createQueue } from '../../queue/index.ts';
import { addDatabaseFlag } from '../database-flag.ts';
import type { CommandIo } from '../io.ts';
import type { Flags } from '../pipeline-flags.ts';
import { withQueues } from '../queue-database.ts';

/** `sluice queue create`. */
export function queueCreateCommand(io: CommandIo): Command {
  const command = new Command('create')
    .summary('make a queue')
    .description('Makes a queue. One that is there already is left as it is.')
    .argument('<queue>', 'its name');
  return addDatabaseFlag(command).action(async (queue: string, flags: Flags) => {
    const isNew = await withQueues(io, 'queue create', flags, (client) =>
      createQueue(client, queue),
    );
    io.stdout.write(`${queue}: ${isNew ? 'made' : 'was there'}\n`);
  });
}
