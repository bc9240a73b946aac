/** How many batches lanes above may have in a row while one below waits. */
const patience = 8;

/**
 * In which order the queues of a consumer are looked into: the first that has work is served; but after eight batches
 * in a row of those above it, a lower one is looked into first once.
 */
export class Lanes {
  readonly #queues: readonly string[];
  /** Batches served above each lane since it was last looked into. */
  readonly #waiting: number[];

  constructor(queues: readonly string[]) {
    this.#queues = queues;
    this.#waiting = queues.map(() => 0);
  }

  /** The lanes as they are to be looked into now. */
  order(): string[] {
    const impatient = this.#waiting.findIndex((served) => served >= patience);
    if (impatient < 0) return [...this.#queues];
    const [first] = this.#queues.slice(impatient, impatient + 1);
    return [...(first === undefined ? [] : [first]), ...this.#queues.filter((q) => q !== first)];
  }

  /** Looked into: whatever was found, it has had its turn. */
  looked(queue: string): void {
    this.#waiting[this.#queues.indexOf(queue)] = 0;
  }

  /** A batch of this lane was handled; those below have waited. */
  served(queue: string): void {
    for (let lane = this.#queues.indexOf(queue) + 1; lane < this.#waiting.length; lane++) {
      this.#waiting[lane] = (this.#waiting[lane] ?? 0) + 1;
    }
  }
}
