import { SluiceError } from '../../errors/index.ts';
import type { Given, KeywordName } from './keywords.ts';

/** Typed reading of keyword values. An empty value counts as not given. */
export class Values {
  readonly #given: Given;
  readonly #origin: string;

  /** @param origin of the connection string, for what is wrong with what it leaves out */
  constructor(given: Given, origin: string) {
    this.#given = given;
    this.#origin = origin;
  }

  text(name: KeywordName): string | null {
    return this.#given.get(name)?.text || null;
  }

  choice<const T extends string>(name: KeywordName, choices: readonly T[], otherwise: T): T {
    const value = this.text(name);
    if (value === null) return otherwise;
    const chosen = choices.find((choice) => choice === value);
    if (chosen === undefined) throw this.bad(name, choices.join(', '));
    return chosen;
  }

  /** A whole number; surrounding blanks are fine. */
  integer(name: KeywordName): number | null {
    const value = this.text(name);
    return value === null ? null : this.toInteger(name, value);
  }

  /** `1` or `0`. */
  flag(name: KeywordName, otherwise: boolean): boolean {
    const value = this.text(name);
    if (value === null) return otherwise;
    if (value !== '0' && value !== '1') throw this.bad(name, '0 or 1');
    return value === '1';
  }

  /** Values between commas; an empty one stays empty. */
  list(name: KeywordName): readonly string[] {
    return this.text(name)?.split(',') ?? [];
  }

  /** One entry of a keyword as a whole number. */
  toInteger(name: KeywordName, text: string): number {
    const value = Number(text.trim());
    if (!/^\s*[+-]?\d+\s*$/.test(text) || !Number.isSafeInteger(value)) {
      throw this.bad(name, 'a whole number');
    }
    return value;
  }

  /** Never quotes the value: a slip of the pen can put a password there. */
  bad(name: KeywordName, expected: string): SluiceError {
    return new SluiceError('SESSION_VALUE', { origin: this.originOf(name), name, expected });
  }

  originOf(name: KeywordName): string {
    return this.#given.get(name)?.origin ?? this.#origin;
  }
}
