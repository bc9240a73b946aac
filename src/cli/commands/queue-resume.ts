import { Command } from 'commander';
import { pauseQueue } from '../../queue/index.ts';
import { addDatabaseFlag } from '../database-flag.ts';
import type { CommandIo } from '../io.ts';
import type { Flags } from '../pipeline-flags.ts';
import { withQueues } from '../queue-database.ts';

/** `sluice queue resume`. */
export function queueResumeCommand(io: CommandIo): Command {
  const command = new Command('resume')
    .summary('give out events of a paused queue again')
    .description(
      'Goes on ticking a queue that was paused; what has come in the meantime is the next batch.',
    )
    .argument('<queue>', 'its name');
  return addDatabaseFlag(command).action(async (queue: string, flags: Flags) => {
    await withQueues(io, 'queue resume', flags, (client) => pauseQueue(client, queue, false));
    io.stdout.write(`${queue}: resumed\n`);
  });
}
