import type { Session } from './session.ts';

/**
 * Works with sessions that end when the signal aborts, or the work fails: what their servers may never answer is not
 * waited for. Sessions that are opened meanwhile are put in the list.
 *
 * @throws the signal's reason once it has aborted, else what the work throws
 */
export async function untilAborted<T>(
  signal: AbortSignal,
  sessions: readonly Session[],
  work: () => Promise<T>,
): Promise<T> {
  const giveUp = (): void => {
    for (const session of sessions) session.destroy();
  };
  signal.addEventListener('abort', giveUp, { once: true });
  try {
    signal.throwIfAborted();
    return await work();
  } catch (error) {
    giveUp();
    signal.throwIfAborted();
    throw error;
  } finally {
    signal.removeEventListener('abort', giveUp);
  }
}
