import { Command } from 'commander';
import type { Client } from 'pg';
import { tailQueue, type TailedEvent } from '../../queue/index.ts';
import { toJson } from '../../service/index.ts';
import { addDatabaseFlag } from '../database-flag.ts';
import type { CommandIo } from '../io.ts';
import type { Flags } from '../pipeline-flags.ts';
import { withQueues } from '../queue-database.ts';

/** `sluice queue tail`. */
export function queueTailCommand(io: CommandIo): Command {
  const command = new Command('tail')
    .summary('show events as they are committed')
    .description(
      'Shows the events of a queue from now on, a line each, as they are committed. No consumer is registered and ' +
        'nothing is changed. Until it is interrupted.',
    )
    .argument('<queue>', 'the queue')
    .option('--json', 'a JSON document a line');
  return addDatabaseFlag(command).action(async (queue: string, flags: Flags) => {
    const show = flags['json'] === true ? (event: TailedEvent) => toJson(event) : describe;
    const follow = async (client: Client, signal: AbortSignal): Promise<void> => {
      for await (const event of tailQueue(client, queue, signal))
        io.stdout.write(`${show(event)}\n`);
    };
    await withQueues(io, 'queue tail', flags, follow, 'pgq_reader');
  });
}

function describe({ id, time, type, data, extras }: TailedEvent): string {
  const more = extras.some((extra) => extra !== null) ? `  ${JSON.stringify(extras)}` : '';
  return `${time}  ${id}  ${type ?? ''}  ${data ?? ''}${more}`;
}
