import { createHash } from 'node:crypto';

/** Names that can be counted: pools, databases and users together. Beyond that a pooler does not count any more. */
const slots = 16_384;
const hashBytes = slots * 8;

/** A number that all threads of a pooler see. */
export interface SharedCount {
  readonly value: number;
  /** @returns the value with it */
  add(by: number): number;
}

/**
 * Numbers by name in memory that all threads of a pooler share: how many servers a pool has, how many
 * clients wait for one. Each name has the slot that its hash leads to, claimed by whoever comes first.
 *
 *     | hash 0 | hash 1 | ... | count 0 | count 1 | ...
 */
export class SharedCounts {
  readonly memory: SharedArrayBuffer;
  readonly #hashes: BigInt64Array;
  readonly #counts: Int32Array;

  /** @param memory  of another thread's counts; new when absent */
  constructor(memory: SharedArrayBuffer = new SharedArrayBuffer(hashBytes + slots * 4)) {
    this.memory = memory;
    this.#hashes = new BigInt64Array(memory, 0, slots);
    this.#counts = new Int32Array(memory, hashBytes, slots);
  }

  /** A name for which there is no slot left is counted by each thread alone. */
  of(name: string): SharedCount {
    const found = this.#slotOf(name);
    const counts = found === null ? new Int32Array(1) : this.#counts;
    const slot = found ?? 0;
    return {
      get value() {
        return Atomics.load(counts, slot);
      },
      add: (by) => Atomics.add(counts, slot, by) + by,
    };
  }

  #slotOf(name: string): number | null {
    const hash = createHash('sha256').update(name).digest().readBigInt64LE(0) || 1n;
    const first = Number(BigInt.asUintN(32, hash) % BigInt(slots));
    for (let i = 0; i < slots; i++) {
      const slot = (first + i) % slots;
      const before = Atomics.compareExchange(this.#hashes, slot, 0n, hash);
      if (before === 0n || before === hash) return slot;
    }
    return null;
  }
}
