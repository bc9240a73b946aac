import { Command } from 'commander';
import {
  installQueue,
  installScript,
  installTracking,
  trackingScript,
  type QueueInstall,
} from '../../queue/index.ts';
import { toJson } from '../../service/index.ts';
import { addDatabaseFlag, withDatabase } from '../database-flag.ts';
import type { CommandIo } from '../io.ts';
import type { Flags } from '../pipeline-flags.ts';

const said: Readonly<Record<QueueInstall['before'], string>> = {
  nothing: 'schema pgq is installed',
  ours: 'schema pgq is up to date',
  extension: 'the queues of extension pgq are taken over, as they are',
  unpackaged: 'the queues of the original schema pgq are taken over, as they are',
};

/** `sluice queue install`: schema pgq, new or brought up to date. */
export function queueInstallCommand(io: CommandIo): Command {
  const command = new Command('install')
    .summary('install or upgrade schema pgq')
    .description(
      'Brings schema pgq of a database to what this program needs, in one transaction: new, upgraded, or taken over from ' +
        'the original extension with its queues, consumers and events. Needs no superuser.',
    )
    .option(
      '--tracking',
      'only schema pgq_ext, for a target that has no queue: where remote and serial consumers keep how far they are',
    )
    .option('--print', 'print the SQL that installs it where it is not there yet, and do nothing')
    .option('--json', 'print one JSON document');
  return addDatabaseFlag(command).action(async (flags: Flags) => {
    const isTracking = flags['tracking'] === true;
    if (flags['print'] === true) {
      io.stdout.write(isTracking ? trackingScript() : installScript());
      return;
    }
    if (isTracking) {
      const isNew = await withDatabase(io, 'queue install', flags, installTracking);
      const said = `schema pgq_ext is ${isNew ? 'installed' : 'up to date'}`;
      io.stdout.write(`${flags['json'] === true ? toJson({ isNew }, 2) : said}\n`);
      return;
    }
    const installed = await withDatabase(io, 'queue install', flags, installQueue);
    if (flags['json'] === true) {
      io.stdout.write(`${toJson(installed, 2)}\n`);
      return;
    }
    io.stdout.write(`${said[installed.before]}\n`);
    if (installed.missingRoles.length > 0) {
      io.stderr.write(
        `sluice: this user may not make roles, and there is no ${installed.missingRoles.join(', ')}: ` +
          'only the owner may use the queues; make the roles and install again\n',
      );
    }
  });
}
