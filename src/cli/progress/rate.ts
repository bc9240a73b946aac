import type { ProgressAmount } from '../../service/index.ts';

/** Long enough to look steady between two flushes, short enough to show a stall. */
const WINDOW_MS = 5_000;
const SLOTS = 10;
const SLOT_MS = WINDOW_MS / SLOTS;

/** How fast something went in the last five seconds, in bounded memory whatever is added. */
export class Rate {
  readonly #startedMs: number;
  readonly #rows = new Float64Array(SLOTS);
  readonly #bytes = new Float64Array(SLOTS);
  #slot: number;

  constructor(nowMs: number) {
    this.#startedMs = nowMs;
    this.#slot = Math.floor(nowMs / SLOT_MS);
  }

  add(nowMs: number, rows: number, bytes: number): void {
    this.#forgetUntil(nowMs);
    const index = this.#slot % SLOTS;
    this.#rows[index] = (this.#rows[index] ?? 0) + rows;
    this.#bytes[index] = (this.#bytes[index] ?? 0) + bytes;
  }

  perSecond(nowMs: number): Required<ProgressAmount> {
    this.#forgetUntil(nowMs);
    // The slot under way is part of the window: at its beginning the window is a slot shorter.
    const windowMs = (SLOTS - 1) * SLOT_MS + (nowMs - this.#slot * SLOT_MS);
    const seconds = Math.max(Math.min(windowMs, nowMs - this.#startedMs), 1) / 1000;
    return { rows: sum(this.#rows) / seconds, bytes: sum(this.#bytes) / seconds };
  }

  #forgetUntil(nowMs: number): void {
    const slot = Math.floor(nowMs / SLOT_MS);
    for (let next = Math.max(this.#slot + 1, slot - SLOTS + 1); next <= slot; next += 1) {
      this.#rows[next % SLOTS] = 0;
      this.#bytes[next % SLOTS] = 0;
    }
    this.#slot = Math.max(this.#slot, slot);
  }
}

function sum(slots: Float64Array): number {
  return slots.reduce((total, amount) => total + amount, 0);
}
