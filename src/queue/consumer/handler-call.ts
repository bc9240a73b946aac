import { SluiceError } from '../../errors/index.ts';

/** A handler threw: about the events it had, not about us. */
export class HandlerFailure extends Error {
  /** It has not returned and may still use its client, which must not be used again. */
  readonly isRunning: boolean;

  constructor(cause: unknown, isRunning = false) {
    super('the handler failed', { cause });
    this.isRunning = isRunning;
  }
}

/** What a handler that is told to end gets to do so, before its connection is taken away. */
const graceMs = 1000;

export interface CallLimits {
  readonly queue: string;
  readonly consumer: string;
  readonly timeoutMs: number;
}

/**
 * Calls a handler that may take so long; then its signal aborts, and it has a moment to end by itself.
 *
 * @throws HandlerFailure  of what it threw, or of QUEUE_HANDLER_TIMEOUT
 */
export async function callInTime(
  call: (signal: AbortSignal) => Promise<void> | void,
  limits: CallLimits,
  giveUp: AbortSignal,
): Promise<void> {
  const timeUp = new AbortController();
  const late = Promise.withResolvers<never>();
  const error = new SluiceError('QUEUE_HANDLER_TIMEOUT', { ...limits });
  let grace: NodeJS.Timeout | undefined;
  const timer = setTimeout(() => {
    timeUp.abort(error);
    grace = setTimeout(() => late.reject(new HandlerFailure(error, true)), graceMs);
  }, limits.timeoutMs);
  try {
    const called = Promise.resolve(call(AbortSignal.any([giveUp, timeUp.signal])));
    await Promise.race([called, late.promise]);
  } catch (cause) {
    if (cause instanceof HandlerFailure) throw cause;
    throw new HandlerFailure(timeUp.signal.aborted ? error : cause);
  } finally {
    clearTimeout(timer);
    clearTimeout(grace);
  }
}
