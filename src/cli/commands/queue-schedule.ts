import { Command } from 'commander';
import { hasFired, listSchedules, removeSchedule, setSchedule } from '../../queue/index.ts';
import { toJson } from '../../service/index.ts';
import { formatColumns } from '../columns.ts';
import { addDatabaseFlag } from '../database-flag.ts';
import type { CommandIo } from '../io.ts';
import type { Flags } from '../pipeline-flags.ts';
import { textFlag } from '../pipelines.ts';
import { withQueues } from '../queue-database.ts';

/** `sluice queue schedule ...`: events by cron. */
export function queueScheduleCommand(io: CommandIo): Command {
  return new Command('schedule')
    .summary('events that come again and again')
    .description(
      'Events at the times of a cron expression. The ticker of the database inserts them.',
    )
    .addCommand(setCommand(io))
    .addCommand(listCommand(io))
    .addCommand(removeCommand(io));
}

function setCommand(io: CommandIo): Command {
  const command = new Command('set')
    .summary('make or change a schedule')
    .description(
      'Inserts an event at each time of a cron expression, exactly once. What is missed while no ticker runs comes once, ' +
        'when one runs again.',
    )
    .argument('<name>', 'names the schedule')
    .argument('<queue>', 'the queue')
    .argument('<cron>', 'five fields, or six with seconds first, as in "0 3 * * *"')
    .argument('<type>', 'type of the event')
    .argument('[data]', 'data of the event')
    .option('--time-zone <name>', 'whose clock the expression means', 'UTC');
  return addDatabaseFlag(command).action(
    async (
      name: string,
      queue: string,
      cron: string,
      type: string,
      data: string | undefined,
      flags: Flags,
    ) => {
      const timeZone = textFlag(flags, 'timeZone') ?? 'UTC';
      const schedule = { name, queue, cron, timeZone, type, data: data ?? null };
      const isNew = await withQueues(io, 'queue schedule set', flags, (client) =>
        setSchedule(client, schedule),
      );
      io.stdout.write(`${name}: ${isNew ? 'made' : 'changed'}\n`);
    },
  );
}

function listCommand(io: CommandIo): Command {
  const command = new Command('list')
    .summary('show the schedules')
    .description(
      'Shows the schedules of a database and the time that the last event of each was for.',
    )
    .option('--json', 'print one JSON document');
  return addDatabaseFlag(command).action(async (flags: Flags) => {
    const schedules = await withQueues(io, 'queue schedule list', flags, listSchedules);
    if (flags['json'] === true) {
      const shown = schedules.map((schedule) => ({ ...schedule, hasFired: hasFired(schedule) }));
      io.stdout.write(`${toJson(shown, 2)}\n`);
    } else if (schedules.length === 0) io.stdout.write('no schedule\n');
    else {
      io.stdout.write(
        formatColumns([
          ['schedule', 'queue', 'cron', 'time zone', 'last', 'type'],
          ...schedules.map((schedule) => [
            schedule.name,
            schedule.queue,
            schedule.cron,
            schedule.timeZone,
            hasFired(schedule) ? new Date(schedule.lastMs).toISOString() : '-',
            schedule.type ?? '',
          ]),
        ]),
      );
    }
  });
}

function removeCommand(io: CommandIo): Command {
  const command = new Command('remove')
    .summary('remove a schedule')
    .description('Removes a schedule; events that it has inserted stay.')
    .argument('<name>', 'its name');
  return addDatabaseFlag(command).action(async (name: string, flags: Flags) => {
    const was = await withQueues(io, 'queue schedule remove', flags, (client) =>
      removeSchedule(client, name),
    );
    io.stdout.write(`${name}: ${was ? 'removed' : 'was not there'}\n`);
  });
}
