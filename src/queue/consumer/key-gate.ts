import type { AnyEvent } from './event.ts';
import type { SetAside, Verdicts } from './verdicts.ts';

type OrderedBy = (event: AnyEvent) => string | number | bigint | null;

/**
 * Keeps events of one key in order over retries: while one of them waits for its next try, those behind it wait too.
 */
export class KeyGate {
  readonly #orderedBy: OrderedBy;
  readonly #nowMs: () => number;
  /** By key, the events that come again, and when. */
  readonly #comingAgain = new Map<string, Map<bigint, number>>();

  /** @param nowMs  a clock that does not jump */
  constructor(orderedBy: OrderedBy, nowMs: () => number) {
    this.#orderedBy = orderedBy;
    this.#nowMs = nowMs;
  }

  /** Null: in no order. */
  keyOf(event: AnyEvent): string | null {
    const key = this.#orderedBy(event);
    return key === null ? null : `${typeof key} ${key}`;
  }

  /** Sets an event aside that is behind another of its key. */
  holdsBack(key: string, event: AnyEvent, verdicts: Verdicts): boolean {
    const delayMs = this.#delayMs(key, event.id);
    if (delayMs === null) return false;
    const verdict = verdicts.wait(event, delayMs, 'waits for an event of the same key');
    this.#comesAgain(key, verdict);
    return true;
  }

  /** An event is handled, or dead, or comes again. */
  settle(key: string, event: AnyEvent, verdict: SetAside | undefined): void {
    if (verdict !== undefined && verdict.as !== 'dead') {
      this.#comesAgain(key, verdict);
      return;
    }
    const pending = this.#comingAgain.get(key);
    pending?.delete(event.id);
    if (pending?.size === 0) this.#comingAgain.delete(key);
  }

  /** Of what was to be set aside, some turned out to be done. */
  finished(wanted: readonly SetAside[], setAside: readonly SetAside[]): void {
    if (wanted.length === setAside.length) return;
    const ids = new Set(setAside.map(({ eventId }) => eventId));
    for (const { eventId } of wanted) if (!ids.has(eventId)) this.#forget(eventId);
  }

  /** An event of which a process before this one knew that it comes again. */
  remember(event: AnyEvent, afterMs: number): void {
    const key = this.keyOf(event);
    if (key === null) return;
    this.#comesAgain(key, { eventId: event.id, as: 'retry', afterMs, reason: '' });
  }

  #forget(eventId: bigint): void {
    for (const [key, pending] of this.#comingAgain) {
      pending.delete(eventId);
      if (pending.size === 0) this.#comingAgain.delete(key);
    }
  }

  #comesAgain(key: string, { eventId, afterMs }: SetAside): void {
    const pending = this.#comingAgain.get(key) ?? new Map<bigint, number>();
    this.#comingAgain.set(key, pending.set(eventId, this.#nowMs() + afterMs));
  }

  /** How long until the last event before this one is due; null when none comes again. */
  #delayMs(key: string, eventId: bigint): number | null {
    let latestMs: number | null = null;
    for (const [id, dueMs] of this.#comingAgain.get(key) ?? []) {
      if (id < eventId) latestMs = Math.max(latestMs ?? 0, dueMs);
    }
    // A moment behind: what is due first is brought back first.
    return latestMs === null ? null : Math.ceil(Math.max(0, latestMs - this.#nowMs())) + 1;
  }
}
