import { Command } from 'commander';
import type { Client } from 'pg';
import { listRetries, requireConsumer, requireQueue, retryNow } from '../../queue/index.ts';
import { toJson } from '../../service/index.ts';
import { formatColumns } from '../columns.ts';
import { addDatabaseFlag } from '../database-flag.ts';
import type { CommandIo } from '../io.ts';
import type { Flags } from '../pipeline-flags.ts';
import { withQueues } from '../queue-database.ts';

/** `sluice queue retry`. */
export function queueRetryCommand(io: CommandIo): Command {
  const command = new Command('retry')
    .summary('show events that come again later, or let them come now')
    .description('Shows the events that consumers want once more and when, or makes them due now.')
    .argument('<queue>', 'the queue')
    .argument('[consumer]', 'one consumer (default: all)')
    .option('--now', 'let them come now')
    .option('--json', 'print one JSON document');
  return addDatabaseFlag(command).action(
    async (queue: string, consumer: string | undefined, flags: Flags) => {
      const whose = { queue, consumer };
      if (flags['now'] === true) {
        const count = await withQueues(io, 'queue retry', flags, async (client) => {
          await requireThem(client, whose);
          return retryNow(client, whose);
        });
        io.stdout.write(
          flags['json'] === true
            ? `${toJson({ count })}\n`
            : `${count} ${count === 1 ? 'event is' : 'events are'} due now\n`,
        );
        return;
      }
      const events = await withQueues(io, 'queue retry', flags, async (client) => {
        await requireThem(client, whose);
        return listRetries(client, whose);
      });
      if (flags['json'] === true) io.stdout.write(`${toJson(events, 2)}\n`);
      else if (events.length === 0) io.stdout.write('no event comes again\n');
      else {
        io.stdout.write(
          formatColumns([
            ['consumer', 'event', 'type', 'tries', 'due'],
            ...events.map((event) => [
              `${event.queue}/${event.consumer}`,
              event.event,
              event.type ?? '',
              String(event.tries),
              event.dueAt,
            ]),
          ]),
        );
      }
    },
  );
}

async function requireThem(
  client: Client,
  { queue, consumer }: { queue: string; consumer: string | undefined },
): Promise<void> {
  await requireQueue(client, queue);
  if (consumer !== undefined) await requireConsumer(client, queue, consumer);
}
