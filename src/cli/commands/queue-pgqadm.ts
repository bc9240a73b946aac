import { Command } from 'commander';
import { z } from 'zod';
import { SluiceError } from '../../errors/index.ts';
import { loadToolIni } from '../../jobs/index.ts';
import type { CommandIo } from '../io.ts';
import { queueConfigCommand } from './queue-config.ts';
import { queueCreateCommand } from './queue-create.ts';
import { queueDropCommand } from './queue-drop.ts';
import { queueInstallCommand } from './queue-install.ts';
import { queueListCommand } from './queue-list.ts';
import { queueRegisterCommand } from './queue-register.ts';
import { queueStatusCommand } from './queue-status.ts';
import { queueTickerCommand } from './queue-ticker.ts';
import { queueUnregisterCommand } from './queue-unregister.ts';

/** Those of its ticker, which every such file has, are read and not needed. */
const keys = {
  connection_lifetime: { inert: 'a connection is made anew when it is lost' },
  db: 'text',
  job_name: 'text',
  logfile: 'file',
  loop_delay: 'text',
  maint_delay: 'text',
  maint_delay_min: 'text',
  pidfile: 'text',
  use_skylog: 'text',
} as const;

const valuesShape = z.object({ db: z.string().default(''), logfile: z.string().optional() });

/** What it has for nodes of a cascade. */
const nodeCommands: ReadonlySet<string> = new Set([
  'change-provider',
  'create-branch',
  'create-leaf',
  'create-node',
  'create-root',
  'drop-node',
  'members',
  'node-info',
  'node-status',
  'rename-node',
  'show-consumers',
  'switch-role',
  'tag-alive',
  'tag-dead',
  'takeover',
]);

/** What the commands of pgqadm are called here, with what they need. */
const commands: Readonly<Record<string, { make: (io: CommandIo) => Command; needs: number }>> = {
  config: { make: queueConfigCommand, needs: 1 },
  create: { make: queueCreateCommand, needs: 1 },
  drop: { make: queueDropCommand, needs: 1 },
  install: { make: queueInstallCommand, needs: 0 },
  register: { make: queueRegisterCommand, needs: 2 },
  status: { make: queueStatusCommand, needs: 0 },
  ticker: { make: queueTickerCommand, needs: 0 },
  unregister: { make: queueUnregisterCommand, needs: 2 },
};

/** `sluice queue pgqadm`: the command line of pgqadm.py. */
export function queuePgqadmCommand(io: CommandIo): Command {
  return new Command('pgqadm')
    .summary("pgqadm's commands, with its ini file")
    .description(
      'Runs a command of pgqadm on the database of its ini file: install, ticker, status, create QUEUE, drop QUEUE, ' +
        'register QUEUE CONSUMER, unregister QUEUE CONSUMER, config [QUEUE [NAME=VALUE...]].',
    )
    .argument('<config>', 'a pgqadm.ini')
    .argument('<command>', 'what to do')
    .argument('[args...]', 'with what')
    .action(async (file: string, name: string, args: string[]) => {
      const { values, warnings } = await loadToolIni(file, 'pgqadm', keys);
      for (const warning of warnings) io.stderr.write(`sluice: ${warning}\n`);
      const { db, logfile } = valuesShape.parse(values);
      const { make, words } = translate(name, args);
      const log = name === 'ticker' && logfile !== undefined ? ['--log-file', logfile] : [];
      await make(io).parseAsync([...words, '--db', db, ...log], { from: 'user' });
    });
}

function translate(name: string, args: readonly string[]) {
  if (name === 'config' && args.length === 0) return { make: queueListCommand, words: [] };
  const known = Object.hasOwn(commands, name) ? commands[name] : undefined;
  if (nodeCommands.has(name)) {
    throw usage(
      `${name}: there are no cascades of nodes here; a queue_mover (sluice jobs init queue_mover) takes events to ` +
        'a queue of another database, sluice replicate takes tables there',
    );
  }
  if (known === undefined) {
    throw usage(`unknown command ${name}; there are ${Object.keys(commands).join(', ')}`);
  }
  if (args.length < known.needs) {
    throw usage(`${name} needs ${known.needs === 2 ? 'a queue and a consumer' : 'a queue'}`);
  }
  return { make: known.make, words: args.map((word) => word.replace(/^queue_(?=\w+=)/, '')) };
}

function usage(problem: string): SluiceError {
  return new SluiceError('COMMAND_USAGE', { command: 'queue pgqadm', problem });
}
