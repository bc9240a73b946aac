import { randomUUID } from 'node:crypto';
import { quoteIdentifier } from '../session/index.ts';
import type { Notification } from '../wire/index.ts';
import type { ListenLine } from './listen-line.ts';

/** Round trips that follow a login: a line that takes longer for them is not there any more. */
const answerMs = 10_000;

/**
 * From one line to the next without a gap and without telling anything twice: both listen on a channel that
 * nobody else knows, and the next one notifies it.
 *
 *     before:  a  b  mark              what comes behind the mark is the next one's to tell
 *     next:       b  mark  c           what came ahead of it has been told
 *
 * A line that is still there and has not heard the mark is on another server: everything that the next one
 * heard is new.
 */
export class ListenHandover {
  readonly #before: ListenLine;
  readonly #next: ListenLine;
  readonly #mark = `sluice pool ${randomUUID()}`;
  #isMarkedBefore = false;
  #ahead: Notification[] = [];
  #behind: Notification[] | null = null;

  constructor(before: ListenLine, next: ListenLine) {
    this.#before = before;
    this.#next = next;
  }

  /**
   * Resolves when the next line hears all channels, with what it has heard and nobody has been told.
   *
   * @throws what keeps the next line from listening
   */
  async run(channels: readonly string[]): Promise<readonly Notification[]> {
    const mark = quoteIdentifier(this.#mark);
    const listening = [...channels, this.#mark].map((name) =>
      this.#next.run(`LISTEN ${quoteIdentifier(name)}`),
    );
    await Promise.race([this.#next.opened, ...listening]);
    await answered(this.#next, listening);
    await answered(this.#before, [this.#before.run(`LISTEN ${mark}`)]);
    await answered(this.#next, [this.#next.run(`NOTIFY ${mark}`)]);
    // Each tells what it has been notified of before it is ready again.
    await answered(this.#before, [this.#before.run('')]);
    await answered(this.#next, [this.#next.run(`UNLISTEN ${mark}`)]);
    const behind = this.#behind ?? [];
    return this.#isMarkedBefore ? behind : [...this.#ahead, ...behind];
  }

  /** @returns whether it is to be told now */
  hears(line: ListenLine, notification: Notification): boolean {
    const isMark = notification.channel === this.#mark;
    if (line === this.#before) {
      this.#isMarkedBefore ||= isMark;
      return !this.#isMarkedBefore;
    }
    if (isMark) this.#behind = [];
    else (this.#behind ?? this.#ahead).push(notification);
    return false;
  }
}

/** A line that stays silent may have missed anything: it is closed, and so lost. */
async function answered(line: ListenLine, answers: readonly Promise<void>[]): Promise<void> {
  const late = setTimeout(() => line.close(), answerMs);
  try {
    await Promise.all(answers);
  } finally {
    clearTimeout(late);
  }
}
