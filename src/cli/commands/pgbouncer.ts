import { Command } from 'commander';
import { versionText } from '../../pool/index.ts';
import type { CommandIo } from '../io.ts';
import type { Flags } from '../pipeline-flags.ts';
import { readVersion } from '../version.ts';
import { addPoolRunFlags, runOrDetach } from './pool-run.ts';

/** What we are when called by the name `pgbouncer`: its command line, and nothing else. */
export function pgbouncerCommand(io: CommandIo): Command {
  const command = new Command('pgbouncer')
    .description('A connection pooler for PostgreSQL: Sluice, with the command line of pgBouncer.')
    .argument('<config_file>', 'a pgbouncer.ini');
  return addPoolRunFlags(command)
    .version(versionText(readVersion()), '-V, --version', 'show version, then exit')
    .action((file: string, flags: Flags) => runOrDetach(io, file, flags, 'pgbouncer'));
}
