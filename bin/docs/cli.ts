import type { Command } from 'commander';
import { makeProgram } from '../../src/cli/program.ts';
import { generatedNotice, joinBlocks, markdownTable } from './markdown.ts';

export function describeCommands(): string {
  const silent = { write: () => undefined };
  const program = makeProgram({ stdout: silent, stderr: silent, env: {}, exitCode: 0 });
  return joinBlocks([
    generatedNotice('src/cli/commands/'),
    '# Command line',
    'For who types or scripts `sluice`. Results go to stdout; progress, log and errors go to stderr. Where something is ' +
      'shown, `--json` gives it to programs.',
    '## Exit codes',
    markdownTable(
      ['Code', 'Meaning'],
      [
        ['0', 'done, or stopped by SIGINT or SIGTERM when there is no end to reach'],
        ['1', 'failed'],
        ['2', 'wrong usage or configuration; nothing was started'],
        [
          '3',
          'stopped by a promise: differences found, or going on would have lost or doubled rows',
        ],
      ],
    ),
    'The first SIGINT, SIGTERM or SIGHUP stops cleanly; another one ends the process at once, which loses nothing ' +
      'either: the next start goes on from what is committed. `sluice pool run` has the signals of pgBouncer instead, and ' +
      '`sluice run` with `[pool]` takes SIGHUP as RELOAD.',
    ...program.commands.flatMap((command) => describe(command, 'sluice')),
  ]);
}

function describe(command: Command, parent: string): string[] {
  const name = `${parent} ${command.name()}`;
  if (command.commands.length > 0)
    return command.commands.flatMap((inner) => describe(inner, name));
  const help = command.createHelp();
  return [
    `## ${name}`,
    command.description(),
    `\`\`\`\n${name} ${command.usage()}\n\`\`\``,
    list(help.visibleArguments(command).map((arg) => [arg.name(), arg.description])),
    list(
      help.visibleOptions(command).map((option) => [option.flags, help.optionDescription(option)]),
    ),
  ];
}

function list(rows: readonly (readonly [string, string])[]): string {
  return rows
    .map(([term, text]) => `- \`${term}\`: ${text.replaceAll('*', String.raw`\*`)}`)
    .join('\n');
}
