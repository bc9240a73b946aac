import { spawn } from 'node:child_process';
import { z } from 'zod';
import { SluiceError } from '../../errors/index.ts';
import type { CommandIo } from '../io.ts';

/** What the process in the background tells the one that started it, once. */
const report = z.discriminatedUnion('kind', [
  z.object({ kind: z.literal('ready') }),
  z.object({ kind: z.literal('failed'), said: z.string(), exitCode: z.number() }),
]);
type Report = z.output<typeof report>;

/** Tells a detached process that it is one. Not for people. */
export const detachedFlag = '--detached';

/**
 * Starts this command line, or another one, as a process of its own, and waits until that one is at work or has failed:
 * the exit code tells which.
 *
 * @param args  what follows the name of the program
 * @throws COMMAND_DETACHED_ENDED  it ended without a word
 */
export async function detach(
  io: CommandIo,
  args: readonly string[] = process.argv.slice(2),
): Promise<void> {
  const program = process.argv[1] ?? '';
  const child = spawn(process.execPath, [...process.execArgv, program, ...args, detachedFlag], {
    detached: true,
    stdio: ['ignore', 'ignore', 'ignore', 'ipc'],
  });
  const { promise, resolve, reject } = Promise.withResolvers<Report>();
  child.once('message', (message) => resolve(report.parse(message)));
  child.once('error', reject);
  child.once('exit', (code, signal) =>
    reject(new SluiceError('COMMAND_DETACHED_ENDED', { how: signal ?? `exit code ${code}` })),
  );
  const said = await promise;
  child.unref();
  if (child.connected) child.disconnect();
  if (said.kind === 'ready') return;
  io.stderr.write(said.said);
  io.exitCode = said.exitCode;
}

/** In the process in the background: the one that started it may end. */
export async function tellStarter(message: Report): Promise<void> {
  if (process.send === undefined || !process.connected) return;
  const { promise, resolve } = Promise.withResolvers<void>();
  process.send(message, () => resolve());
  await promise;
  if (process.connected) process.disconnect();
}
