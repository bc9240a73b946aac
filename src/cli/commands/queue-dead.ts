import { Command } from 'commander';
import type { Client } from 'pg';
import {
  listDeadEvents,
  requireConsumer,
  requireQueue,
  type DeadEvent,
} from '../../queue/index.ts';
import { toJson } from '../../service/index.ts';
import { formatColumns } from '../columns.ts';
import { addDatabaseFlag } from '../database-flag.ts';
import type { CommandIo } from '../io.ts';
import type { Flags } from '../pipeline-flags.ts';
import { fitCells } from '../progress/text.ts';
import { withQueues } from '../queue-database.ts';

const dataCells = 60;

/** `sluice queue dead`. */
export function queueDeadCommand(io: CommandIo): Command {
  const command = new Command('dead')
    .summary('show events that consumers have given up')
    .description(
      'Shows the dead letters: events that failed at every try, with the last reason and the beginning of their data; --json has all of it.',
    )
    .argument('<queue>', 'the queue')
    .argument('[consumer]', 'one consumer (default: all)')
    .option('--json', 'print one JSON document');
  return addDatabaseFlag(command).action(
    async (queue: string, consumer: string | undefined, flags: Flags) => {
      const find = async (client: Client): Promise<DeadEvent[]> => {
        await requireQueue(client, queue);
        const found = await listDeadEvents(client, { queue, consumer });
        // One that was removed has left its dead letters.
        if (found.length === 0 && consumer !== undefined)
          await requireConsumer(client, queue, consumer);
        return found;
      };
      const events = await withQueues(io, 'queue dead', flags, find, 'pgq_reader');
      if (flags['json'] === true) io.stdout.write(`${toJson(events, 2)}\n`);
      else if (events.length === 0) io.stdout.write('no dead event\n');
      else {
        io.stdout.write(
          formatColumns([
            ['consumer', 'event', 'type', 'tries', 'died', 'reason', 'data'],
            ...events.map((event) => [
              `${event.queue}/${event.consumer}`,
              event.event,
              event.type ?? '',
              String(event.tries),
              event.diedAt,
              event.reason,
              fitCells(event.data ?? '', dataCells),
            ]),
          ]),
        );
      }
    },
  );
}
