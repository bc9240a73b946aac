import { Command, Option } from 'commander';
import { createQueue, type QueueKind } from '../../queue/index.ts';
import { addDatabaseFlag } from '../database-flag.ts';
import type { CommandIo } from '../io.ts';
import type { Flags } from '../pipeline-flags.ts';
import { withQueues } from '../queue-database.ts';

/** `sluice queue create`. */
export function queueCreateCommand(io: CommandIo): Command {
  const command = new Command('create')
    .summary('make a queue')
    .description(
      'Makes a queue. One that is there already is left as it is. A queue of kind wal has no table: its events are in the ' +
        'WAL, and [queue.wal.NAME] of `sluice run` takes them to another database; until that runs, inserts are refused.',
    )
    .argument('<queue>', 'its name')
    .addOption(
      new Option('--kind <kind>', 'where its events are')
        .choices(['table', 'wal'])
        .default('table'),
    );
  return addDatabaseFlag(command).action(async (queue: string, flags: Flags) => {
    const isNew = await withQueues(io, 'queue create', flags, (client) =>
      createQueue(client, queue, kindOf(flags)),
    );
    io.stdout.write(`${queue}: ${isNew ? 'made' : 'was there'}\n`);
  });
}

function kindOf({ kind }: Flags): QueueKind {
  return kind === 'wal' ? 'wal' : 'table';
}
