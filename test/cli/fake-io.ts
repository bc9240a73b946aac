import { runProgram } from '../../src/cli/program.ts';
import type { CommandIo } from '../../src/cli/io.ts';

export interface Said {
  readonly exitCode: number;
  readonly stdout: string;
  readonly stderr: string;
}

/** Runs a command line in this process. */
export async function runHere(args: readonly string[], env: NodeJS.ProcessEnv = {}): Promise<Said> {
  const said = { stdout: '', stderr: '' };
  const io: CommandIo = {
    stdout: { write: (text) => (said.stdout += text) },
    stderr: { write: (text) => (said.stderr += text) },
    env,
    exitCode: 0,
  };
  const exitCode = await runProgram(args, io);
  return { exitCode, ...said };
}
