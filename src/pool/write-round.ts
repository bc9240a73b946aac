import type { MessageBuffer } from '../wire/index.ts';

/** Who wrote something in this round. */
export interface Writer {
  /** `bytes[start, end)` goes out now; it is borrowed until the call returns. */
  writeNow(bytes: Buffer, start: number, end: number): void;
}

/** Beyond this a round is written before it ends. */
const mostBytes = 256 * 1024;

/** What is written during a round, in order. */
class Writes {
  readonly #memory = Buffer.allocUnsafeSlow(mostBytes);
  readonly #writers: Writer[] = [];
  readonly #ends: number[] = [];

  /** @returns false: there is no room for it until `flush` */
  put(writer: Writer, out: MessageBuffer): boolean {
    const start = this.#ends.at(-1) ?? 0;
    if (start + out.byteLength > mostBytes) return false;
    const end = start + out.copyTo(this.#memory, start);
    const last = this.#writers.length - 1;
    if (last >= 0 && this.#writers[last] === writer) this.#ends[last] = end;
    else {
      this.#writers.push(writer);
      this.#ends.push(end);
    }
    return true;
  }

  flush(): void {
    let start = 0;
    try {
      for (let i = 0; i < this.#writers.length; i++) {
        const end = this.#ends[i]!;
        this.#writers[i]!.writeNow(this.#memory, start, end);
        start = end;
      }
    } finally {
      // Nothing goes out twice.
      this.#writers.length = 0;
      this.#ends.length = 0;
    }
  }
}

const toServers = new Writes();
const toClients = new Writes();
let isDue = false;

/**
 * Writes at the end of this round of the event loop, when all that has come is read: servers first, then clients.
 *
 *     read, read, read, ...  |  write to servers  |  write to clients
 *
 * Each write wakes somebody up. Woken in between, they would take turns with us on the processor; so servers begin
 * together, and whoever has several of the clients is woken once for all of them.
 */
export function writeInRound(writer: Writer, side: 'client' | 'server', out: MessageBuffer): void {
  const writes = side === 'server' ? toServers : toClients;
  if (!writes.put(writer, out)) {
    finishRound();
    writes.put(writer, out);
  }
  if (isDue) return;
  isDue = true;
  setImmediate(finishRound);
}

/** Writes what was put off, now. */
export function finishRound(): void {
  isDue = false;
  toServers.flush();
  toClients.flush();
}
