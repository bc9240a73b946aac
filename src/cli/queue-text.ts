import { formatDuration } from './progress/text.ts';

/** How long ago; `never` without a time. */
export function since(seconds: number | null): string {
  return seconds === null ? 'never' : `${formatDuration(seconds * 1000)} ago`;
}
