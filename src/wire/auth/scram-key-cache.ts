import { createHash } from 'node:crypto';
import { deriveScramKeys, type ScramKeys } from './scram-keys.ts';

/** Enough for the users of one pooler; an entry is some 300 bytes. */
const defaultMaxEntries = 1000;

/**
 * Remembers the keys derived from passwords: 4096 rounds of hashing take milliseconds of a core, and a pooler
 * that opens a hundred connections of one user needs them once. Least recently used entries go first.
 *
 * Holds digests instead of passwords, but the keys are as good as passwords: never log it.
 */
export class ScramKeyCache {
  readonly #keys = new Map<string, Promise<ScramKeys>>();
  readonly #maxEntries: number;

  constructor(maxEntries: number = defaultMaxEntries) {
    this.#maxEntries = maxEntries;
  }

  /** Callers that ask at the same time wait for one derivation. */
  derive(password: string, salt: Buffer, iterations: number): Promise<ScramKeys> {
    const name = nameOf(password, salt, iterations);
    const known = this.#keys.get(name);
    if (known) {
      this.#keys.delete(name);
      this.#keys.set(name, known);
      return known;
    }
    const derived = deriveScramKeys(password, salt, iterations);
    this.#keys.set(name, derived);
    derived.catch(() => this.#keys.delete(name));
    this.#evict();
    return derived;
  }

  #evict(): void {
    for (const name of this.#keys.keys()) {
      if (this.#keys.size <= this.#maxEntries) return;
      this.#keys.delete(name);
    }
  }
}

/** The salt has a fixed place, so that no two triples make the same text. */
function nameOf(password: string, salt: Buffer, iterations: number): string {
  const hash = createHash('sha256').update(`${iterations}:${salt.toString('base64')}:${password}`);
  return hash.digest('base64');
}
