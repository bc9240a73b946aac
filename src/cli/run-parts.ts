import { Daemon, type Part } from '../daemon/index.ts';
import { SluiceError } from '../errors/index.ts';
import { Metrics, silentProgress, type Log } from '../service/index.ts';
import type { FollowProgress } from './follow-progress.ts';
import { withInterrupt, type SignalActions } from './interrupt.ts';
import type { CommandIo } from './io.ts';
import type { ProgressView } from './progress/view.ts';
import { readVersion } from './version.ts';

export interface RunParts {
  readonly parts: readonly Part[];
  readonly statusListen: string | undefined;
  readonly log: Log;
  readonly view: ProgressView | undefined;
  readonly following: FollowProgress | undefined;
  /** Whether the work has an end: then being interrupted before it is a failure. */
  readonly isBounded: boolean;
  readonly signalActions?: SignalActions;
}

/** Runs the parts until they are done, fail, or are interrupted. Closes what showed them. */
export async function runParts(io: CommandIo, run: RunParts): Promise<void> {
  const version = readVersion();
  const daemon = new Daemon(
    { parts: run.parts, ...(run.statusListen !== undefined && { statusListen: run.statusListen }) },
    { log: run.log, metrics: new Metrics(), progress: run.view ?? silentProgress, version },
  );
  run.log.info('sluice starts', { version, parts: run.parts.map((part) => part.name) });
  const work = async (signal: AbortSignal): Promise<void> => {
    daemon.start(signal);
    try {
      await daemon.finished;
    } finally {
      await daemon.stop();
      run.following?.close();
      run.view?.close();
    }
  };
  const { interruptedBy } = await withInterrupt(io, work, run.signalActions);
  run.log.info('sluice ends');
  if (run.isBounded && interruptedBy !== undefined) {
    throw new SluiceError('COMMAND_INTERRUPTED', { signal: interruptedBy });
  }
}
