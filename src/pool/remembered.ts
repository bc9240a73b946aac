/** Texts that are remembered, up to some number: then all are forgotten, and learnt again. */
export class Remembered {
  readonly #texts = new Set<string>();
  readonly #most: number;

  constructor(most: number) {
    this.#most = most;
  }

  has(text: string): boolean {
    return this.#texts.has(text);
  }

  add(text: string): void {
    if (this.#texts.size >= this.#most) this.#texts.clear();
    this.#texts.add(text);
  }

  delete(text: string): void {
    this.#texts.delete(text);
  }
}
