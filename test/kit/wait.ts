import { setTimeout as delay } from 'node:timers/promises';

/**
 * Poll until `check` gives something truthy, and return that.
 *
 * @param what names what is waited for, in the error when the deadline passes
 */
export async function waitFor<T>(
  what: string,
  check: () => Promise<T> | T,
  options: { timeoutMs?: number; everyMs?: number } = {},
): Promise<NonNullable<T>> {
  const { timeoutMs = 20_000, everyMs = 20 } = options;
  const deadline = Date.now() + timeoutMs;
  for (;;) {
    const last = await check();
    if (last) return last;
    if (Date.now() > deadline) throw new Error(`waited ${timeoutMs} ms in vain for ${what}`);
    await delay(everyMs);
  }
}

/** Reject when a promise takes too long; for promises that nothing can poll. */
export async function within<T>(what: string, promise: Promise<T>, timeoutMs = 20_000): Promise<T> {
  const late = new AbortController();
  try {
    return await Promise.race([
      promise,
      delay(timeoutMs, undefined, { signal: late.signal }).then(() => {
        throw new Error(`waited ${timeoutMs} ms in vain for ${what}`);
      }),
    ]);
  } finally {
    late.abort();
  }
}
