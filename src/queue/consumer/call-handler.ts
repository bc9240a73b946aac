import type { Client } from 'pg';
import { SluiceError } from '../../errors/index.ts';
import { CallContext } from './call-context.ts';
import type { AnyEvent } from './event.ts';
import { callInTime, HandlerFailure } from './handler-call.ts';
import type { HandlerClient } from './handler-client.ts';
import type { BatchTry } from './work.ts';

export interface CallOptions {
  readonly handlers: HandlerClient;
  /** The only one of the call. */
  readonly event?: AnyEvent;
}

type Call = (tx: Client, context: CallContext) => Promise<void> | void;

/**
 * Calls a handler. When it ends well, so has every statement it sent; what it asked for is in the verdicts.
 *
 * @throws HandlerFailure  it is about its events; everything else is about us
 */
export async function callHandler(
  run: BatchTry,
  call: Call,
  options: CallOptions = run.work,
): Promise<void> {
  const { handlers, event } = options;
  let context: CallContext | null = null;
  try {
    await limited(run, (signal) => {
      context = new CallContext(run, signal, event);
      return call(handlers.client, context);
    });
    if (handlers.wasUsed) await handlers.sent();
  } catch (error) {
    const isRunning = error instanceof HandlerFailure && error.isRunning;
    if (handlers.wasUsed && !isRunning) await handlers.sent();
    if (await handlers.isLost()) throw lostConnection(run, error);
    throw error instanceof HandlerFailure ? error : new HandlerFailure(error);
  }
  if (handlers.wasUsed) await checkTransaction(run, handlers);
  settle(context);
}

function settle(context: CallContext | null): void {
  context?.settle();
}

function limited(
  run: BatchTry,
  call: (signal: AbortSignal) => Promise<void> | void,
): Promise<void> | void {
  const { definition, givingUp } = run.work;
  const { timeoutMs } = definition;
  if (timeoutMs === undefined) return call(givingUp);
  return callInTime(call, { ...namesOf(run), timeoutMs }, givingUp);
}

async function checkTransaction(run: BatchTry, handlers: HandlerClient): Promise<void> {
  if (await handlers.hasFailed()) {
    throw new HandlerFailure(new SluiceError('QUEUE_HANDLER_STATEMENT', namesOf(run)));
  }
  if (!handlers.isInTransaction) {
    throw new SluiceError('QUEUE_HANDLER_TRANSACTION', namesOf(run));
  }
}

function lostConnection(run: BatchTry, cause: unknown): SluiceError {
  const reason = cause instanceof Error ? cause.message : String(cause);
  return new SluiceError('SESSION_LOST', { place: run.work.control.place, reason }, { cause });
}

function namesOf(run: BatchTry): { queue: string; consumer: string } {
  return { queue: run.batch.queue, consumer: run.work.definition.name };
}
