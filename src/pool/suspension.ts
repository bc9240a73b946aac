import { setTimeout as delay } from 'node:timers/promises';
import type { ClientConnection } from './client-connection.ts';
import type { Pooler } from './pooler.ts';
import type { ServerConnection } from './server-connection.ts';

/** A message's rest comes within milliseconds, or its sender has stopped in the middle. */
const lookAgainMs = 10;

/**
 * Stops reading every client and server, each where one message has ended and the next has not begun, and
 * waits until all that was written is with the kernel.
 */
export async function suspendLegs(pooler: Pooler, signal?: AbortSignal): Promise<void> {
  const lateMs = Date.now() + pooler.settings.suspend_timeout * 1000;
  for (;;) {
    const busy = connectionsOf(pooler).filter((connection) => !suspend(connection));
    if (busy.length === 0) return;
    if (Date.now() >= lateMs) {
      for (const connection of busy) connection.leg.destroy();
      return;
    }
    await delay(lookAgainMs, undefined, signal === undefined ? {} : { signal });
  }
}

export function resumeLegs(pooler: Pooler): void {
  for (const { leg } of connectionsOf(pooler)) leg.unsuspend();
}

function connectionsOf({ pools }: Pooler): (ClientConnection | ServerConnection)[] {
  return pools.flatMap(({ clients, servers }) => [...clients, ...servers]);
}

/** @returns whether it is at rest */
function suspend({ isBetweenMessages, leg }: ClientConnection | ServerConnection): boolean {
  if (isBetweenMessages) leg.suspend();
  return isBetweenMessages && leg.unwrittenBytes === 0;
}
