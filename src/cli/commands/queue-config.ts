import { Command } from 'commander';
import { configureQueue, readQueueConfig } from '../../queue/index.ts';
import { SluiceError } from '../../errors/index.ts';
import { toJson } from '../../service/index.ts';
import { formatColumns } from '../columns.ts';
import { addDatabaseFlag } from '../database-flag.ts';
import type { CommandIo } from '../io.ts';
import type { Flags } from '../pipeline-flags.ts';
import { withQueues } from '../queue-database.ts';

/** `sluice queue config`. */
export function queueConfigCommand(io: CommandIo): Command {
  const command = new Command('config')
    .summary("show or change a queue's settings")
    .description('Shows the settings of a queue, after changing those that are given.')
    .argument('<queue>', 'its name')
    .argument('[settings...]', 'as in rotation_period=1h')
    .option('--json', 'print one JSON document');
  return addDatabaseFlag(command).action(
    async (queue: string, given: readonly string[], flags: Flags) => {
      const changes = Object.fromEntries(given.map(readSetting));
      const settings = await withQueues(io, 'queue config', flags, async (client) => {
        await configureQueue(client, queue, changes);
        return readQueueConfig(client, queue);
      });
      io.stdout.write(
        flags['json'] === true
          ? `${toJson(settings, 2)}\n`
          : formatColumns(Object.entries(settings)),
      );
    },
  );
}

function readSetting(text: string): [string, string] {
  const at = text.indexOf('=');
  if (at > 0) return [text.slice(0, at), text.slice(at + 1)];
  const problem = `expected name=value, got ${text}`;
  throw new SluiceError('COMMAND_USAGE', { command: 'queue config', problem });
}
