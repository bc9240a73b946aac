import { Command } from 'commander';
import type { CommandIo } from '../io.ts';
import { queueConfigCommand } from './queue-config.ts';
import { queueCreateCommand } from './queue-create.ts';
import { queueDeadCommand } from './queue-dead.ts';
import { queueDropCommand } from './queue-drop.ts';
import { queueInstallCommand } from './queue-install.ts';
import { queueListCommand } from './queue-list.ts';
import { queuePgqadmCommand } from './queue-pgqadm.ts';
import { queuePauseCommand } from './queue-pause.ts';
import { queueRedriveCommand } from './queue-redrive.ts';
import { queueRegisterCommand } from './queue-register.ts';
import { queueResumeCommand } from './queue-resume.ts';
import { queueRetryCommand } from './queue-retry.ts';
import { queueRunCommand } from './queue-run.ts';
import { queueScheduleCommand } from './queue-schedule.ts';
import { queueStatusCommand } from './queue-status.ts';
import { queueTailCommand } from './queue-tail.ts';
import { queueTickerCommand } from './queue-ticker.ts';
import { queueUnregisterCommand } from './queue-unregister.ts';

/** `sluice queue ...`. */
export function queueCommand(io: CommandIo): Command {
  return new Command('queue')
    .summary('queues in a database, as PgQ has them')
    .description('Events published in a transaction, consumed in batches.')
    .addCommand(queueInstallCommand(io))
    .addCommand(queueCreateCommand(io))
    .addCommand(queueDropCommand(io))
    .addCommand(queueListCommand(io))
    .addCommand(queueConfigCommand(io))
    .addCommand(queueRegisterCommand(io))
    .addCommand(queueUnregisterCommand(io))
    .addCommand(queueRunCommand(io))
    .addCommand(queueTailCommand(io))
    .addCommand(queueStatusCommand(io))
    .addCommand(queueRetryCommand(io))
    .addCommand(queueDeadCommand(io))
    .addCommand(queueRedriveCommand(io))
    .addCommand(queueScheduleCommand(io))
    .addCommand(queuePauseCommand(io))
    .addCommand(queueResumeCommand(io))
    .addCommand(queueTickerCommand(io))
    .addCommand(queuePgqadmCommand(io));
}
