/** For whoever waits until something is so that only others make so: PAUSE, SHUTDOWN, WAIT_CLOSE. */
export class Changes {
  readonly #watchers = new Set<() => void>();

  /** Something may be so now. Cheap when nobody waits. */
  tell(): void {
    if (this.#watchers.size === 0) return;
    for (const look of this.#watchers) look();
  }

  /** Has `look` called at every change. @returns a function that ends that */
  watch(look: () => void): () => void {
    this.#watchers.add(look);
    return () => this.#watchers.delete(look);
  }

  /** Resolves when `isTrue` is; asked now, and at every change. @throws the signal's reason */
  async until(isTrue: () => boolean, signal?: AbortSignal): Promise<void> {
    signal?.throwIfAborted();
    if (isTrue()) return;
    const { promise, resolve, reject } = Promise.withResolvers<void>();
    const look = (): void => {
      if (isTrue()) resolve();
    };
    const give = (): void => reject(signal?.reason);
    this.#watchers.add(look);
    signal?.addEventListener('abort', give, { once: true });
    try {
      await promise;
    } finally {
      this.#watchers.delete(look);
      signal?.removeEventListener('abort', give);
    }
  }
}
