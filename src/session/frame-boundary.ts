const headerBytes = 5;

/** Follows a stream of frames by their headers only, to know whether it stands between two of them. */
export class FrameBoundary {
  /** Bytes of the current frame still to come, its header's included once that is complete. */
  #left = 0;
  #headerSeen = 0;
  #length = 0;

  get isBetweenFrames(): boolean {
    return this.#left === 0 && this.#headerSeen === 0;
  }

  pass(bytes: Buffer): void {
    let at = 0;
    while (at < bytes.length) {
      if (this.#left > 0) {
        const passed = Math.min(this.#left, bytes.length - at);
        this.#left -= passed;
        at += passed;
      } else if (this.#headerSeen === 0 && at + headerBytes <= bytes.length) {
        this.#left = 1 + bytes.readUInt32BE(at + 1);
      } else {
        this.#passHeaderByte(bytes[at++] ?? 0);
      }
    }
  }

  /** A header that a chunk was cut in. */
  #passHeaderByte(byte: number): void {
    this.#length = this.#headerSeen === 0 ? 0 : this.#length * 256 + byte;
    if (++this.#headerSeen < headerBytes) return;
    this.#left = this.#length - 4;
    this.#headerSeen = 0;
  }
}
