import { writeFile } from 'node:fs/promises';
import { Command } from 'commander';
import { SluiceError } from '../../errors/index.ts';
import { convertToToml } from '../../pool/index.ts';
import { systemReason } from '../../service/index.ts';
import type { CommandIo } from '../io.ts';
import type { Flags } from '../pipeline-flags.ts';
import { textFlag } from '../pipelines.ts';

/** `sluice pool convert`: the same in the words of sluice.toml. */
export function poolConvertCommand(io: CommandIo): Command {
  return new Command('convert')
    .summary('write a pgbouncer.ini as sluice.toml')
    .description(
      'Writes the sections of sluice.toml that say what a pgbouncer.ini says, with a comment for what has another ' +
        'place. Changes nothing else; an existing file is not overwritten.',
    )
    .argument('<file>', 'a pgbouncer.ini')
    .option('-o, --output <file>', 'write it there (default: stdout)')
    .action(async (file: string, flags: Flags) => {
      const toml = await convertToToml(file);
      const output = textFlag(flags, 'output');
      if (output === undefined) io.stdout.write(toml);
      else await writeNew(output, toml);
    });
}

async function writeNew(file: string, text: string): Promise<void> {
  try {
    await writeFile(file, text, { flag: 'wx', mode: 0o600 });
  } catch (cause) {
    throw new SluiceError('COMMAND_OUTPUT', { file, reason: systemReason(cause) }, { cause });
  }
}
