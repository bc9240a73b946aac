/** What an answer asks of us. */
export type Verdict = 'taken' | 'later' | 'refused' | 'misplaced' | 'unwelcome';

/**
 * - `taken`: 2xx
 * - `later`: 408, 425, 429 and 5xx: the same request may be taken another time
 * - `unwelcome`: 401, 403, 407: whatever we send
 * - `misplaced`: 404, 405, 410 and redirections: this is not where messages are taken
 * - `refused`: any other: this message is
 */
export function verdictOf(status: number): Verdict {
  if (status >= 200 && status < 300) return 'taken';
  if (status >= 500 || status === 408 || status === 425 || status === 429) return 'later';
  if (status === 401 || status === 403 || status === 407) return 'unwelcome';
  if (status < 400 || status === 404 || status === 405 || status === 410) return 'misplaced';
  return 'refused';
}

/** Longer waits are more likely a mistake than a wish; asking again then does no harm. */
const LONGEST_PAUSE_MS = 3_600_000;

/** `Retry-After`, in seconds or as a date; 0 when there is none that can be read. */
export function retryAfterMs(header: string | undefined, nowMs: number): number {
  if (header === undefined) return 0;
  const seconds = /^\s*\d+\s*$/.test(header) ? Number(header) * 1000 : Date.parse(header) - nowMs;
  return Number.isNaN(seconds) ? 0 : Math.min(Math.max(0, seconds), LONGEST_PAUSE_MS);
}
