import { constants } from 'node:os';
import { SluiceError } from '../errors/index.ts';
import { isAbort, systemClock } from '../service/index.ts';
import type { CommandIo } from './io.ts';

type StopSignal = 'SIGINT' | 'SIGTERM' | 'SIGHUP';

/** What signals do that do not stop; without its action SIGHUP does, and the others do nothing. */
export type SignalActions = Readonly<Partial<Record<'SIGHUP' | 'SIGUSR1' | 'SIGUSR2', () => void>>>;

/**
 * Ctrl-C under `npm run` arrives twice, from the terminal and from npm, some milliseconds apart; a person needs longer
 * to decide that a clean stop is not wanted after all.
 */
const SAME_INTERRUPT_MS = 300;

/**
 * Runs `run` with a signal that aborts at the first SIGINT, SIGTERM or SIGHUP: `run` then ends cleanly. A second one
 * ends the process at once, which no promise depends on (P9).
 *
 * @throws COMMAND_INTERRUPTED instead of what `run` throws because its signal aborted
 */
export async function withInterrupt<T>(
  io: CommandIo,
  run: (signal: AbortSignal) => Promise<T>,
  actions: SignalActions = {},
): Promise<{ readonly result: T; readonly interruptedBy: StopSignal | undefined }> {
  const controller = new AbortController();
  let first: { readonly signal: StopSignal; readonly atMs: number } | undefined;
  const interrupt = (signal: StopSignal) => {
    const nowMs = systemClock.monotonicMs();
    if (first === undefined) {
      first = { signal, atMs: nowMs };
      io.stderr.write(`sluice: ${signal}: stopping; once more to stop at once\n`);
      controller.abort();
    } else if (nowMs - first.atMs > SAME_INTERRUPT_MS) {
      process.exit(128 + constants.signals[signal]);
    }
  };
  const hangup = actions.SIGHUP ?? (() => interrupt('SIGHUP'));
  const handlers = { ...actions, SIGHUP: hangup, SIGINT: interrupt, SIGTERM: interrupt };
  for (const [signal, handle] of Object.entries(handlers)) process.on(signal, handle);
  try {
    const result = await run(controller.signal);
    return { result, interruptedBy: first?.signal };
  } catch (error) {
    if (first === undefined || !isAbort(error, controller.signal)) throw error;
    throw new SluiceError('COMMAND_INTERRUPTED', { signal: first.signal }, { cause: error });
  } finally {
    for (const [signal, handle] of Object.entries(handlers)) process.off(signal, handle);
  }
}
