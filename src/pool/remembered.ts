/** What was found out about texts, for up to so many of them: then all is forgotten, and found out again. */
export class Remembered<T> {
  readonly #byText = new Map<string, T>();
  readonly #most: number;

  constructor(most: number) {
    this.#most = most;
  }

  get(text: string): T | undefined {
    return this.#byText.get(text);
  }

  set(text: string, found: T): void {
    if (this.#byText.size >= this.#most) this.#byText.clear();
    this.#byText.set(text, found);
  }
}
