/**
 * A queue whose slots are used again: pushing and shifting allocate nothing once it has grown.
 *
 *     | free | first | second | third | free |
 *              head                     head + size
 */
export class Ring<T> {
  #slots: (T | undefined)[] = Array.from({ length: 16 });
  #head = 0;
  #size = 0;

  get size(): number {
    return this.#size;
  }

  get first(): T | undefined {
    return this.#slots[this.#head];
  }

  push(item: T): void {
    if (this.#size === this.#slots.length) this.#grow();
    this.#slots[(this.#head + this.#size) & (this.#slots.length - 1)] = item;
    this.#size++;
  }

  shift(): T | undefined {
    const item = this.#slots[this.#head];
    if (this.#size === 0) return undefined;
    this.#slots[this.#head] = undefined;
    this.#head = (this.#head + 1) & (this.#slots.length - 1);
    this.#size--;
    return item;
  }

  /** Always a power of two, so that an index wraps by masking. */
  #grow(): void {
    const { length } = this.#slots;
    const inOrder = [...this.#slots.slice(this.#head), ...this.#slots.slice(0, this.#head)];
    this.#slots = [...inOrder, ...Array.from<undefined>({ length })];
    this.#head = 0;
  }
}
