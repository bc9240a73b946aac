/** Waits for a moment or a ring, whichever comes first. A ring while nobody waits ends the next wait at once. */
export class Doorbell {
  #hasRung = false;
  #answer: (() => void) | null = null;

  ring(): void {
    this.#hasRung = true;
    this.#answer?.();
  }

  /** @param ms not positive: looks for what has come in the meantime, and returns */
  async wait(ms: number, signal: AbortSignal): Promise<void> {
    if (!this.#hasRung && !signal.aborted) {
      const { promise, resolve } = Promise.withResolvers<void>();
      const answer = (): void => resolve();
      this.#answer = answer;
      const timer = setTimeout(answer, Math.max(0, ms));
      signal.addEventListener('abort', answer, { once: true });
      await promise;
      signal.removeEventListener('abort', answer);
      clearTimeout(timer);
      this.#answer = null;
    }
    this.#hasRung = false;
  }
}
