import { SluiceError } from '../../errors/index.ts';
import type { Given, KeywordName } from './keywords.ts';

/** Typed reading of keyword values. An empty value counts as not given. */
export class Values {
  readonly #given: Given;

  constructor(given: Given) {
    this.#given = given;
  }

  text(name: KeywordName): string | null {
    const value = this.#given.get(name);
    return value === undefined || value === '' ? null : value;
  }

  choice<const T extends string>(name: KeywordName, choices: readonly T[], otherwise: T): T {
    const value = this.text(name);
    if (value === null) return otherwise;
    const chosen = choices.find((choice) => choice === value);
    if (chosen === undefined) throw badValue(name, choices.join(', '));
    return chosen;
  }

  /** A whole number; surrounding blanks are fine. */
  integer(name: KeywordName): number | null {
    const value = this.text(name);
    return value === null ? null : toInteger(name, value);
  }

  /** `1` or `0`. */
  flag(name: KeywordName, otherwise: boolean): boolean {
    const value = this.text(name);
    if (value === null) return otherwise;
    if (value !== '0' && value !== '1') throw badValue(name, '0 or 1');
    return value === '1';
  }

  /** Values between commas; an empty one stays empty. */
  list(name: KeywordName): readonly string[] {
    return this.text(name)?.split(',') ?? [];
  }
}

export function toInteger(name: KeywordName, text: string): number {
  const value = Number(text.trim());
  if (!/^\s*[+-]?\d+\s*$/.test(text) || !Number.isSafeInteger(value)) {
    throw badValue(name, 'a whole number');
  }
  return value;
}

/** Never quotes the value: a slip of the pen can put a password there. */
export function badValue(name: KeywordName, expected: string): SluiceError {
  return new SluiceError('SESSION_VALUE', { name, expected });
}
