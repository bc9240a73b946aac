import { formatDuration } from '../service/index.ts';

/** How long ago; `never` without a time. */
export function since(seconds: number | null): string {
  return seconds === null ? 'never' : `${formatDuration(Math.round(seconds * 1000))} ago`;
}
