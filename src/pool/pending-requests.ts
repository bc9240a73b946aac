import { appended } from './client-messages.ts';

/** Nearly all requests are shorter. */
const usualBytes = 512;
const mostSpare = 1024;

/** Memory that was used before: under load every request waits, and every one would cost an allocation. */
const spare: Buffer[] = [];
const nothing = Buffer.alloc(0);

/** Requests that a client has sent and no server has yet: `memory[0, length)`. */
export class PendingRequests {
  #memory: Buffer = spare.pop() ?? Buffer.allocUnsafeSlow(usualBytes);
  #length = 0;

  get memory(): Buffer {
    return this.#memory;
  }

  get length(): number {
    return this.#length;
  }

  /** Keeps a copy of `bytes[start, end)` behind what is there. */
  append(bytes: Buffer, start: number, end: number): void {
    this.#memory = appended(this.#memory, this.#length, bytes, start, end);
    this.#length += end - start;
  }

  /** What is there, as long as it is. */
  get bytes(): Buffer {
    return this.#memory.subarray(0, this.#length);
  }

  /** Nobody reads it any more: another client's requests may lie there next. */
  free(): void {
    const memory = this.#memory;
    this.#memory = nothing;
    this.#length = 0;
    if (memory.length === usualBytes && spare.length < mostSpare) spare.push(memory);
  }
}
