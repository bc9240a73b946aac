import { systemClock, type Log } from '../../service/index.ts';
import type { Operations } from '../../pool/index.ts';
import type { SignalActions } from '../interrupt.ts';

type Act = (operations: Operations) => Promise<void> | void;

const upkeep = {
  SIGHUP: (operations) => operations.reload(),
  SIGUSR1: (operations) => operations.pause(null),
  SIGUSR2: (operations) => operations.resume(null),
} as const satisfies Partial<Record<NodeJS.Signals, Act>>;

/** What signals do to a pooler in a process that ends in its own way. */
export function upkeepSignals(operations: () => Operations | null, log: Log): SignalActions {
  const follow = async (signal: keyof typeof upkeep): Promise<void> => {
    log.info('got a signal', { signal });
    const known = operations();
    if (known !== null) await obey(signal, () => upkeep[signal](known), log);
  };
  return {
    SIGHUP: () => void follow('SIGHUP'),
    SIGUSR1: () => void follow('SIGUSR1'),
    SIGUSR2: () => void follow('SIGUSR2'),
  };
}

/** npm and the terminal both send SIGINT for one Ctrl-C, some milliseconds apart. */
const sameSignalMs = 300;

/**
 * What signals do to a pooler:
 *
 *     HUP   RELOAD                          USR1  PAUSE
 *     TERM  SHUTDOWN WAIT_FOR_CLIENTS       USR2  RESUME
 *     INT   SHUTDOWN WAIT_FOR_SERVERS       QUIT  SHUTDOWN
 *
 * A second TERM or INT ends it at once.
 *
 * @param operations  null until the pooler runs: what comes before that is dropped, but for the ends
 * @returns a function that takes the handlers away
 */
export function onPoolSignals(
  operations: () => Operations | null,
  { log, giveUp }: { log: Log; giveUp: () => void },
): () => void {
  const actions: Partial<Record<NodeJS.Signals, Act>> = {
    ...upkeep,
    SIGQUIT: (known) => known.shutdown('immediate'),
    SIGTERM: (known) => known.shutdown(known.isShuttingDown ? 'immediate' : 'wait_for_clients'),
    // Paused, no transaction can end.
    SIGINT: (known) =>
      known.shutdown(known.isShuttingDown || known.isPaused ? 'immediate' : 'wait_for_servers'),
  };
  const ends: readonly NodeJS.Signals[] = ['SIGINT', 'SIGQUIT', 'SIGTERM'];
  const lastMs = new Map<NodeJS.Signals, number>();
  const act = async (signal: NodeJS.Signals): Promise<void> => {
    const known = operations();
    if (known === null) {
      if (ends.includes(signal)) giveUp();
      return;
    }
    await obey(signal, () => actions[signal]?.(known), log);
  };
  const handle = (signal: NodeJS.Signals): void => {
    const nowMs = systemClock.monotonicMs();
    const agoMs = nowMs - (lastMs.get(signal) ?? -Infinity);
    lastMs.set(signal, nowMs);
    if (agoMs < sameSignalMs) return;
    log.info('got a signal', { signal });
    void act(signal);
  };
  const signals = ['SIGHUP', 'SIGINT', 'SIGQUIT', 'SIGTERM', 'SIGUSR1', 'SIGUSR2'] as const;
  for (const signal of signals) process.on(signal, handle);
  return () => {
    for (const signal of signals) process.off(signal, handle);
  };
}

async function obey(
  signal: NodeJS.Signals,
  act: () => Promise<void> | void,
  log: Log,
): Promise<void> {
  try {
    await act();
  } catch (error) {
    log.warn('a signal could not be followed', { signal, error });
  }
}
