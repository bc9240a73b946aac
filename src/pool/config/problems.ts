import { SluiceError } from '../../errors/index.ts';

/** More would push the first ones off the screen. */
const mostShown = 50;

/** Everything wrong with a config, collected so that it is corrected once, and what is only odd. */
export class Problems {
  readonly #file: string;
  readonly #problems: string[] = [];
  readonly #warnings: string[] = [];

  constructor(file: string) {
    this.#file = file;
  }

  get warnings(): readonly string[] {
    return this.#warnings;
  }

  /** @param place `file:line`, or the file where no line is to blame */
  add(place: string, text: string): void {
    this.#problems.push(`${place}: ${text}`);
  }

  warn(place: string, text: string): void {
    this.#warnings.push(`${place}: ${text}`);
  }

  /** @throws POOL_CONFIG with every problem, when there is one */
  throwIfAny(): void {
    const count = this.#problems.length;
    if (count === 0) return;
    const shown = this.#problems.slice(0, mostShown);
    if (count > mostShown) shown.push(`and ${count - mostShown} more`);
    throw new SluiceError('POOL_CONFIG', {
      file: this.#file,
      count,
      problems: shown.join('\n  '),
    });
  }
}
