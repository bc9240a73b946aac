import { exitCodeOf } from '../exit-code.ts';
import type { CommandIo } from '../io.ts';
import { showError } from '../show-error.ts';
import { tellStarter } from './detach.ts';

/** In the background nobody reads stderr: what keeps it from starting is for the process that started it. */
export async function runDetached(
  io: CommandIo,
  name: string,
  run: (onReady: () => Promise<void>) => Promise<void>,
): Promise<void> {
  try {
    await run(() => tellStarter({ kind: 'ready' }));
  } catch (error) {
    const lines: string[] = [];
    const stderr = { write: (text: string) => lines.push(text) };
    showError(error, { ...io, stderr }, { isVerbose: false, isJson: false, name });
    await tellStarter({ kind: 'failed', said: lines.join(''), exitCode: exitCodeOf(error) });
    throw error;
  }
}
