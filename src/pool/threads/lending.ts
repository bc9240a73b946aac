import type { Pool } from '../pool.ts';
import type { Pooler } from '../pooler.ts';

/**
 * A client that waits in one thread while a server of its pool idles in another is to get one within 100 ms:
 * seen twice (30 ms), closed, noticed over there (15 ms), opened (some 10 ms).
 */
const lookMs = 15;

/**
 * Evens out what threads have of one pool: a server cannot change its thread, but its place can. Who has an
 * idle one closes it when clients of another thread have waited for two looks; who waits opens one as soon
 * as there is a place.
 */
export class Lending {
  readonly #pooler: Pooler;
  #timer: NodeJS.Timeout | null = null;
  /** Pools of which somebody elsewhere waited at the last look. */
  #wanted = new Set<Pool>();

  constructor(pooler: Pooler) {
    this.#pooler = pooler;
  }

  start(): void {
    this.#timer = setInterval(() => this.#look(), lookMs);
  }

  stop(): void {
    if (this.#timer !== null) clearInterval(this.#timer);
  }

  #look(): void {
    const wanted = new Set<Pool>();
    for (const pool of this.#pooler.pools) {
      if (pool.ownWaiting > 0) pool.serveWaiting();
      if (pool.waitingCount.value <= pool.ownWaiting) continue;
      wanted.add(pool);
      if (this.#wanted.has(pool)) pool.yieldIdle();
    }
    this.#wanted = wanted;
  }
}
