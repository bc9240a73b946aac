import { FrontendTag, int32At } from '../wire/index.ts';
import { Kind } from './expectations.ts';

/** What a request is answered with. */
export const requestKinds: Readonly<Record<number, number>> = {
  [FrontendTag.query]: Kind.query,
  [FrontendTag.functionCall]: Kind.function,
  [FrontendTag.parse]: Kind.parse,
  [FrontendTag.bind]: Kind.bind,
  [FrontendTag.describe]: Kind.describe,
  [FrontendTag.execute]: Kind.execute,
  [FrontendTag.close]: Kind.close,
};

/** PostgreSQL's limit for messages that hold a name at most. */
const mostSmallBytes = 10_000;

/** Messages that hold a name or nothing: a larger one makes no sense, whoever sends it. */
export function isTooLong(tag: number, size: number): boolean {
  return size > mostSmallBytes && isSmall(tag);
}

function isSmall(tag: number): boolean {
  switch (tag) {
    case FrontendTag.query:
    case FrontendTag.parse:
    case FrontendTag.bind:
    case FrontendTag.functionCall:
    case FrontendTag.copyData:
      return false;
    default:
      return true;
  }
}

/** Messages that a server must answer. */
export function isRequest(tag: number): boolean {
  switch (tag) {
    case FrontendTag.query:
    case FrontendTag.parse:
    case FrontendTag.bind:
    case FrontendTag.describe:
    case FrontendTag.execute:
    case FrontendTag.close:
    case FrontendTag.functionCall:
      return true;
    default:
      return false;
  }
}

/** `memory[0, used)` and behind it `chunk[start, end)`, in memory that grows by doubling. */
export function appended(
  memory: Buffer,
  used: number,
  chunk: Buffer,
  start: number,
  end: number,
): Buffer {
  let grown = memory;
  const needed = used + end - start;
  if (needed > memory.length) {
    grown = Buffer.allocUnsafeSlow(Math.max(needed, 2 * memory.length));
    memory.copy(grown, 0, 0, used);
  }
  chunk.copy(grown, used, start, end);
  return grown;
}

/**
 * Where the first request of `pending` ends with the ReadyForQuery it would get; null: its Sync has not come;
 * `cut`: nor has all of its last message.
 */
export function endOfRequest(pending: Buffer): number | 'cut' | null {
  let at = 0;
  while (at < pending.length) {
    if (pending.length - at < 5) return 'cut';
    const tag = pending[at]!;
    const size = int32At(pending, at + 1);
    // Nonsense is refused when it is its turn.
    if (size < 4 || at + 1 + size > pending.length) return 'cut';
    at += 1 + size;
    const isEnd =
      tag === FrontendTag.query || tag === FrontendTag.sync || tag === FrontendTag.functionCall;
    if (isEnd) return at;
  }
  return null;
}
