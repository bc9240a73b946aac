import { Command } from 'commander';
import { checkCommand } from './commands/check.ts';
import { demoCommand } from './commands/demo.ts';
import { jobsCommand } from './commands/jobs.ts';
import { pgbouncerCommand } from './commands/pgbouncer.ts';
import { pgqdCommand } from './commands/pgqd.ts';
import { poolCommand } from './commands/pool.ts';
import { queueCommand } from './commands/queue.ts';
import { replicateCommand } from './commands/replicate.ts';
import { runCommand } from './commands/run.ts';
import { statusCommand } from './commands/status.ts';
import { exitCodeOf } from './exit-code.ts';
import { processIo, type CommandIo } from './io.ts';
import { showError } from './show-error.ts';
import { readVersion } from './version.ts';

/**
 * Runs a command line to its end and returns what the process exits with.
 *
 * @param name  under which it was called: under pgbouncer's and pgqd's it is one
 */
export async function runProgram(
  args: readonly string[],
  io: CommandIo = processIo(),
  name = 'sluice',
): Promise<number> {
  const foreign = foreignPrograms[name];
  try {
    const program = foreign === undefined ? makeProgram(io) : settled(foreign(io), io);
    await program.parseAsync([...args], { from: 'user' });
    return io.exitCode;
  } catch (error) {
    showError(error, io, {
      isVerbose: args.includes('--verbose'),
      isJson: args.includes('--json'),
      name: foreign === undefined ? 'sluice' : name,
    });
    const exitCode = exitCodeOf(error);
    return foreign === undefined ? exitCode : Math.min(exitCode, 1);
  }
}

/** Programs whose command line is ours under their name. */
const foreignPrograms: Readonly<Record<string, ((io: CommandIo) => Command) | undefined>> = {
  pgbouncer: pgbouncerCommand,
  pgqd: pgqdCommand,
};

/** The whole command line; `docs/reference/cli.md` is made from it. */
export function makeProgram(io: CommandIo): Command {
  const program = new Command('sluice')
    .description(
      'Moves live PostgreSQL data: copies a database, follows it exactly once, proves both sides equal.',
    )
    .version(readVersion(), '--version', 'print the version')
    .addCommand(replicateCommand(io))
    .addCommand(poolCommand(io))
    .addCommand(queueCommand(io))
    .addCommand(jobsCommand(io))
    .addCommand(checkCommand(io))
    .addCommand(runCommand(io))
    .addCommand(statusCommand(io))
    .addCommand(demoCommand(io));
  return settled(program, io);
}

function settled(program: Command, io: CommandIo): Command {
  for (const command of withInner(program)) settle(command, io, program.name());
  return program;
}

function withInner(command: Command): Command[] {
  return [command, ...command.commands.flatMap(withInner)];
}

/** What all commands share. commander must throw instead of ending the process: what is open has to be closed. */
function settle(command: Command, io: CommandIo, name: string): void {
  command
    .exitOverride()
    .helpOption('-h, --help', 'print this')
    .helpCommand(false)
    .showSuggestionAfterError(true)
    .configureOutput({
      writeOut: (text) => void io.stdout.write(text),
      writeErr: (text) => void io.stderr.write(text),
      outputError: (text, write) => write(text.replace(/^error: /, `${name}: `)),
    });
  const hasVerbose = command.options.some(({ long }) => long === '--verbose');
  if (command.commands.length === 0 && !hasVerbose) {
    command.option('--verbose', 'on an error, print its causes and call frames; log debug lines');
  }
}
