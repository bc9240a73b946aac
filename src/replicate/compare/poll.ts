import { SluiceError } from '../../errors/index.ts';
import { systemClock } from '../../service/index.ts';

export interface PollOptions {
  /** Names what is waited for in the error. */
  readonly what: string;
  /** How long nothing may change. */
  readonly patienceMs: number;
  readonly signal: AbortSignal;
  /** `mark` changes as long as there is progress. */
  look(): Promise<{ isDone: boolean; mark: string }>;
  /** Asked now and then while nothing changes; throws to end the wait. */
  whenStill(): Promise<void>;
}

/** Apply stands still while we wait: look often. */
const everyMs = 10;
const stillMs = 1000;

/** Looks until it is done. @throws COMPARE_WAIT  nothing changed for `patienceMs` */
export async function pollUntil(options: PollOptions): Promise<void> {
  const { patienceMs, signal } = options;
  let mark: string | null = null;
  let changedMs = systemClock.monotonicMs();
  let askedMs = changedMs;
  for (;;) {
    const seen = await options.look();
    if (seen.isDone) return;
    const nowMs = systemClock.monotonicMs();
    if (seen.mark !== mark) {
      mark = seen.mark;
      changedMs = nowMs;
      askedMs = nowMs;
    }
    if (nowMs - changedMs > patienceMs) {
      throw new SluiceError('COMPARE_WAIT', { what: options.what, waitedMs: patienceMs });
    }
    if (nowMs - askedMs > stillMs) {
      await options.whenStill();
      askedMs = nowMs;
    }
    await systemClock.sleep(everyMs, signal);
  }
}
