import { Command } from 'commander';
import { listQueues, type QueueState } from '../../queue/index.ts';
import { toJson } from '../../service/index.ts';
import { formatColumns } from '../columns.ts';
import { addDatabaseFlag } from '../database-flag.ts';
import type { CommandIo } from '../io.ts';
import type { Flags } from '../pipeline-flags.ts';
import { withQueues } from '../queue-database.ts';
import { since } from '../queue-text.ts';

/** `sluice queue list`. */
export function queueListCommand(io: CommandIo): Command {
  const command = new Command('list')
    .summary('show the queues of a database')
    .description(
      'Shows the queues: consumers, new events, how long ago the last tick was, the table in use.',
    )
    .option('--json', 'print one JSON document');
  return addDatabaseFlag(command).action(async (flags: Flags) => {
    const queues = await withQueues(io, 'queue list', flags, listQueues);
    io.stdout.write(flags['json'] === true ? `${toJson(queues, 2)}\n` : describe(queues));
  });
}

function describe(queues: readonly QueueState[]): string {
  if (queues.length === 0) return 'no queue\n';
  return formatColumns([
    ['queue', 'consumers', 'new', 'events/s', 'last tick', 'table', 'rotation', ''],
    ...queues.map((queue) => [
      queue.queue,
      String(queue.consumers),
      String(queue.newEvents),
      queue.eventsPerSecond === null ? '-' : queue.eventsPerSecond.toFixed(1),
      since(queue.tickerLagSeconds),
      queue.table,
      queue.rotationPeriod,
      queue.isPaused ? 'paused' : '',
    ]),
  ]);
}
