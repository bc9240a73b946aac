import { failpoint, type Log } from '../../service/index.ts';
import type { Session } from '../../session/index.ts';
import {
  BlockQueue,
  onceFree,
  pumpBlocks,
  readSlotChanges,
  sourcePosition,
  SpillArea,
  type ChangeReader,
} from '../../stream/index.ts';
import type { Lsn } from '../../wire/index.ts';
import { beginFollowing, openSessions } from './begin.ts';
import { decodeMessage } from './decode-message.ts';
import { targetQueueOf, type WalQueueOptions } from './options.ts';
import { TargetQueue } from './target-queue.ts';
import { WalTransactions, type WalTaker } from './wal-transactions.ts';

export interface WalAttempt {
  readonly options: WalQueueOptions;
  readonly log: Log;
  readonly signal: AbortSignal;
  readonly onStandby: () => void;
  readonly onFollowing: (position: Lsn) => void;
  /** Events and dead letters are in the target, and everything of the source before `position`. */
  readonly onCommitted: (committed: { events: number; dead: number; position: Lsn }) => void;
}

const memoryBytes = 8 * 1024 ** 2;
const spillBytes = 10 * 1024 ** 3;

/** An idle stretch shorter than this is not written down: on one server each write makes the next one. */
const leastIdleBytes = 1024n ** 2n;

/**
 * One attempt, from the target's position until it is stopped, done, or fails:
 *
 * ```
 *   slot ─▶ transactions ─▶ COPY into the target's queue + position, one commit ─▶ confirm
 * ```
 */
export async function attemptWalQueue(attempt: WalAttempt): Promise<void> {
  const { options, signal } = attempt;
  const opened: Session[] = [];
  const { directory, maxBytes = spillBytes } = options.spill ?? {};
  const area = new SpillArea(`queue ${options.queue}`, { directory, maxBytes });
  const blocks = new BlockQueue({ memoryBytes, area });
  const stop = (): void => blocks.end();
  let reader: ChangeReader | null = null;
  try {
    const sessions = await openSessions(options, attempt, opened);
    const { owner, position } = await beginFollowing(options, sessions);
    reader = await onceFree(
      () =>
        readSlotChanges({
          session: sessions.replication,
          slot: owner.slot,
          publications: [owner.publication],
          from: position,
          isBinary: false,
          isStreaming: true,
          withMessages: true,
          area,
        }),
      signal,
    );
    signal.throwIfAborted(); // from here on its abort is listened for
    signal.addEventListener('abort', stop, { once: true });
    const pump = pumpBlocks(reader, blocks);
    attempt.onFollowing(position);
    const until = options.once === true ? await sourcePosition(sessions.source) : null;
    const target = new TargetQueue(
      { session: sessions.target, owner, queue: targetQueueOf(options), from: options.queue },
      position,
    );
    await moveEvents(attempt, { blocks, target, reader, slot: owner.slot, until });
    blocks.end();
    await reader.stop();
    await pump.ended;
  } finally {
    signal.removeEventListener('abort', stop);
    blocks.end();
    for (const session of opened) session.destroy();
    await Promise.all(opened.map((session) => session.closed));
    await area.remove();
  }
}

interface Move {
  readonly blocks: BlockQueue;
  readonly target: TargetQueue;
  readonly reader: ChangeReader;
  readonly slot: string;
  /** Ends here; null: goes on. */
  readonly until: Lsn | null;
}

async function moveEvents(attempt: WalAttempt, move: Move): Promise<void> {
  const { blocks, target, until } = move;
  const transactions = new WalTransactions(`pgq:${attempt.options.queue}`, move.slot);
  const taker = new EventTaker(target);
  for (;;) {
    const block = await blocks.shift();
    if (block === null) return;
    await transactions.take(block, taker);
    // A position inside an open transaction is none (P2).
    if (!transactions.isBetween) continue;
    const isDone = until !== null && taker.reached >= until;
    const isIdle = target.isEmpty && taker.reached - target.position < leastIdleBytes;
    if (!isDone && (isIdle || !(blocks.isEmpty || target.isFull))) continue;
    if (taker.reached > target.position) await commit(attempt, move, taker);
    if (isDone) return;
  }
}

async function commit(
  { onCommitted }: WalAttempt,
  { target, reader }: Move,
  taker: EventTaker,
): Promise<void> {
  const dead = taker.takeDead();
  const position = taker.reached;
  const events = await target.commit(position);
  reader.confirm(position);
  await failpoint('wal.after-confirm');
  onCommitted({ events, dead, position });
}

/** Puts messages into the target's queue, as events or as what they are. */
class EventTaker implements WalTaker {
  readonly #target: TargetQueue;
  #reached: Lsn;
  #dead = 0;

  constructor(target: TargetQueue) {
    this.#target = target;
    this.#reached = target.position;
  }

  /** All of the source before it was taken. */
  get reached(): Lsn {
    return this.#reached;
  }

  takeDead(): number {
    const dead = this.#dead;
    this.#dead = 0;
    return dead;
  }

  message(content: Buffer, commitTimeUs: bigint): Promise<void> | undefined {
    const decoded = decodeMessage(content);
    const time = timeText(commitTimeUs);
    if ('fields' in decoded) return this.#target.append(decoded.fields, time);
    this.#dead += 1;
    this.#target.bury({ time, reason: decoded.reason, content: keepable(content) });
    return undefined;
  }

  commit(endLsn: Lsn): void {
    this.#reached = endLsn;
  }

  quiet(lsn: Lsn): void {
    if (lsn > this.#reached) this.#reached = lsn;
  }
}

/** ISO with microseconds, which a Date does not have. */
function timeText(unixUs: bigint): string {
  const micros = String(unixUs % 1_000_000n).padStart(6, '0');
  return `${new Date(Number(unixUs / 1000n)).toISOString().slice(0, 19)}.${micros}Z`;
}

const keptBytes = 64 * 1024;

/** A dead letter is looked at by a person: text where it is text, else bytes, and not without end. */
function keepable(content: Buffer): string {
  const kept = content.subarray(0, keptBytes);
  const text = kept.toString('utf8');
  return text.includes('\0') || text.includes('\uFFFD') ? `\\x${kept.toString('hex')}` : text;
}
