import { Command } from 'commander';
import { readQueueStatus, type QueueStatus } from '../../queue/index.ts';
import { toJson } from '../../service/index.ts';
import { formatColumns } from '../columns.ts';
import { addDatabaseFlag } from '../database-flag.ts';
import type { CommandIo } from '../io.ts';
import type { Flags } from '../pipeline-flags.ts';
import { withQueues } from '../queue-database.ts';
import { since } from '../queue-text.ts';

/** `sluice queue status`. */
export function queueStatusCommand(io: CommandIo): Command {
  const command = new Command('status')
    .summary('show queues, their consumers, and what is late')
    .description(
      'Shows the queues with their new events and those for a time to come, and their consumers: how far behind, last seen, events that come again later, events given up, ' +
        'and long jobs with their progress.',
    )
    .argument('[queue]', 'one queue (default: all)')
    .option('--json', 'print one JSON document');
  return addDatabaseFlag(command).action(async (queue: string | undefined, flags: Flags) => {
    const status = await withQueues(io, 'queue status', flags, (client) =>
      readQueueStatus(client, queue),
    );
    io.stdout.write(flags['json'] === true ? `${toJson(status, 2)}\n` : describe(status));
  });
}

function describe({ queues, consumers, running }: QueueStatus): string {
  const parts = [
    table(
      ['queue', 'new', 'later', 'events/s', 'last tick', 'table', ''],
      queues.map((queue) => [
        queue.queue,
        String(queue.newEvents),
        queue.laterEvents === null ? '-' : String(queue.laterEvents),
        queue.eventsPerSecond === null ? '-' : queue.eventsPerSecond.toFixed(1),
        since(queue.tickerLagSeconds),
        queue.table,
        queue.isPaused ? 'paused' : '',
      ]),
    ),
    table(
      ['consumer', 'pending', 'behind', 'seen', 'retried', 'dead'],
      consumers.map((consumer) => [
        `${consumer.queue}/${consumer.consumer}`,
        String(consumer.pendingEvents),
        consumer.lagSeconds === null ? '-' : `${consumer.lagSeconds.toFixed(1)} s`,
        since(consumer.lastSeenSeconds),
        String(consumer.retried),
        String(consumer.dead),
      ]),
    ),
    table(
      ['long job', 'event', 'worker', 'progress'],
      running.map((job) => [`${job.queue}/${job.consumer}`, job.event, job.worker, job.progress]),
    ),
  ];
  return parts.filter((part) => part !== '').join('\n') || 'no queue\n';
}

function table(header: readonly string[], rows: readonly (readonly string[])[]): string {
  return rows.length === 0 ? '' : formatColumns([header, ...rows]);
}
