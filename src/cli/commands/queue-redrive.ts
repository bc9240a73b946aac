import { Command } from 'commander';
import { redriveEvents, requireConsumer, requireQueue } from '../../queue/index.ts';
import { addDatabaseFlag } from '../database-flag.ts';
import { readNumber } from '../flag-values.ts';
import type { CommandIo } from '../io.ts';
import type { Flags } from '../pipeline-flags.ts';
import { withQueues } from '../queue-database.ts';

/** `sluice queue redrive`. */
export function queueRedriveCommand(io: CommandIo): Command {
  const command = new Command('redrive')
    .summary('give dead events back to their consumer')
    .description(
      'Gives dead letters back to the consumer that has given them up, with all their tries before them.',
    )
    .argument('<queue>', 'the queue')
    .argument('<consumer>', 'the consumer')
    .argument('[events...]', 'numbers of events (default: all)', readNumbers);
  return addDatabaseFlag(command).action(
    async (queue: string, consumer: string, events: readonly string[], flags: Flags) => {
      const count = await withQueues(io, 'queue redrive', flags, async (client) => {
        await requireQueue(client, queue);
        await requireConsumer(client, queue, consumer);
        return redriveEvents(client, queue, consumer, events.length > 0 ? events : undefined);
      });
      io.stdout.write(`${count} ${count === 1 ? 'event comes' : 'events come'} again\n`);
    },
  );
}

function readNumbers(text: string, before: readonly string[] | undefined): string[] {
  return [...(before ?? []), readNumber(text)];
}
