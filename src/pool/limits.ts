import { SharedCounts, type SharedCount } from './threads/shared-counts.ts';

/** A count and how far it may go; 0 is no limit. */
export interface Limit {
  readonly count: SharedCount;
  readonly most: number;
}

/**
 * How many clients and servers there are, over all threads of the pooler. A place is claimed before it is
 * used, so that two threads never take the last one both.
 */
export class Limits {
  readonly #counts: SharedCounts;
  readonly #known = new Map<string, SharedCount>();

  constructor(counts: SharedCounts) {
    this.#counts = counts;
  }

  serversOfPool(database: string, user: string): SharedCount {
    return this.#counts.of(`pool servers\0${database}\0${user}`);
  }

  waitingInPool(database: string, user: string): SharedCount {
    return this.#counts.of(`pool waiting\0${database}\0${user}`);
  }

  serversOfDatabase(database: string): SharedCount {
    return this.#of(`database servers\0${database}`);
  }

  serversOfUser(user: string): SharedCount {
    return this.#of(`user servers\0${user}`);
  }

  get clients(): SharedCount {
    return this.#of('clients');
  }

  clientsOfDatabase(database: string): SharedCount {
    return this.#of(`database clients\0${database}`);
  }

  clientsOfUser(user: string): SharedCount {
    return this.#of(`user clients\0${user}`);
  }

  #of(name: string): SharedCount {
    let count = this.#known.get(name);
    if (count === undefined) {
      count = this.#counts.of(name);
      this.#known.set(name, count);
    }
    return count;
  }
}

/** Takes a place in all of them, or in none. @returns the one that is full; null: the place is taken */
export function claim<L extends Limit>(limits: readonly L[]): L | null {
  for (const [i, limit] of limits.entries()) {
    const isFull = limit.count.add(1) > limit.most && limit.most > 0;
    if (!isFull) continue;
    for (const taken of limits.slice(0, i + 1)) taken.count.add(-1);
    return limit;
  }
  return null;
}
