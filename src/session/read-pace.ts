/** Reads in one millisecond from which on they are too many, unless they bring this much. */
const hurriedReads = 4;
const worthwhileBytes = 128 * 1024;

/**
 * Notices when a stream is read in crumbs. A server that follows WAL sends every message by itself; a
 * reader that is faster than it wakes up for each, and both spend their time on that.
 */
export class ReadPace {
  #sinceMs = 0;
  #reads = 0;
  #bytesBefore = 0;

  /** To be told after each read how many bytes came in all; true when the next read had better wait a little. */
  isHurried(bytesReceived: number): boolean {
    const nowMs = performance.now();
    if (nowMs - this.#sinceMs > 1) {
      this.#sinceMs = nowMs;
      this.#reads = 0;
      this.#bytesBefore = bytesReceived;
    }
    this.#reads++;
    return this.#reads >= hurriedReads && bytesReceived - this.#bytesBefore < worthwhileBytes;
  }
}
