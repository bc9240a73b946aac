import type { HandlerClient } from './handler-client.ts';

/** Where an event is handled beside others: a client of its own, connected when a handler first uses it. */
export interface Slot {
  handlers: HandlerClient;
}

/** So many events at the same time; who comes first gets the next free slot. */
export class Slots {
  readonly #open: () => HandlerClient;
  readonly #free: Slot[] = [];
  readonly #all: Slot[] = [];
  readonly #waiting: ((slot: Slot) => void)[] = [];
  readonly #count: number;

  constructor(count: number, open: () => HandlerClient) {
    this.#count = count;
    this.#open = open;
  }

  async take(): Promise<Slot> {
    const free = this.#free.pop() ?? this.#add();
    return free ?? new Promise((resolve) => this.#waiting.push(resolve));
  }

  give(slot: Slot): void {
    const next = this.#waiting.shift();
    if (next === undefined) this.#free.push(slot);
    else next(slot);
  }

  /** The client of a handler that does not let go of it, or of a connection that broke. */
  async replace(slot: Slot): Promise<void> {
    const { handlers } = slot;
    slot.handlers = this.#open();
    await handlers.end();
  }

  async end(): Promise<void> {
    await Promise.all(this.#all.map(({ handlers }) => handlers.end()));
  }

  #add(): Slot | undefined {
    if (this.#all.length >= this.#count) return undefined;
    const slot = { handlers: this.#open() };
    this.#all.push(slot);
    return slot;
  }
}
