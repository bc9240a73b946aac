import { Command } from 'commander';
import { registerConsumer } from '../../queue/index.ts';
import { addDatabaseFlag } from '../database-flag.ts';
import { readNumber } from '../flag-values.ts';
import type { CommandIo } from '../io.ts';
import type { Flags } from '../pipeline-flags.ts';
import { withQueues } from '../queue-database.ts';
import { textFlag } from '../pipelines.ts';

/** `sluice queue register`. */
export function queueRegisterCommand(io: CommandIo): Command {
  const command = new Command('register')
    .summary('register a consumer')
    .description(
      'Registers a consumer: it gets every event from the last tick on, or from where it is told. One that is there ' +
        'already stays where it is, or is moved there.',
    )
    .argument('<queue>', 'the queue')
    .argument('<consumer>', 'the name of the consumer')
    .option('--at <tick>', 'begin behind this tick', readNumber)
    .option('--like <consumer>', 'begin where this consumer is');
  return addDatabaseFlag(command).action(async (queue: string, consumer: string, flags: Flags) => {
    const [tick, like] = [textFlag(flags, 'at'), textFlag(flags, 'like')];
    const at = { ...(tick !== undefined && { tick }), ...(like !== undefined && { like }) };
    const isNew = await withQueues(
      io,
      'queue register',
      flags,
      (client) => registerConsumer(client, queue, consumer, at),
      'pgq_reader',
    );
    io.stdout.write(`${queue}/${consumer}: ${isNew ? 'registered' : 'was registered'}\n`);
  });
}
