import type { SinkMessage } from '../../sink/index.ts';
import type { Lsn } from '../../wire/index.ts';

/** What is to go, in order. */
export interface Outgoing {
  /** Null where the source told of nothing for us. */
  readonly message: SinkMessage | null;
  /** Once this message and all before it are durable, so is this position; null within a transaction. */
  readonly position: Lsn | null;
  /** When the message's transaction committed. */
  readonly committedAt: Date | null;
}

/** What a message takes beside its payload: its object, headers, key and id. */
const MESSAGE_BYTES = 512;

/** Between who reads and who writes: whatever came while a block was written is the next block. */
export class Outbox {
  readonly #maxBytes: number;
  #waiting: Outgoing[] = [];
  #bytes = 0;
  #end: { error: unknown } | null = null;
  #wakeWriter: (() => void) | null = null;
  #wakeReader: (() => void) | null = null;

  constructor(maxBytes: number) {
    this.#maxBytes = maxBytes;
  }

  /** Waits while there is no room; false once nobody takes anything any more. */
  async push(outgoing: Outgoing): Promise<boolean> {
    while (this.#bytes >= this.#maxBytes && !this.#end)
      await new Promise<void>((resolve) => (this.#wakeReader = resolve));
    if (this.#end) return false;
    this.#waiting.push(outgoing);
    if (outgoing.message) this.#bytes += outgoing.message.payload.length + MESSAGE_BYTES;
    this.#wake();
    return true;
  }

  /** All there is, once there is something; null behind the last. Throws what the reading ended with. */
  async take(): Promise<readonly Outgoing[] | null> {
    while (this.#waiting.length === 0 && !this.#end)
      await new Promise<void>((resolve) => (this.#wakeWriter = resolve));
    if (this.#waiting.length > 0) {
      const taken = this.#waiting;
      this.#waiting = [];
      this.#bytes = 0;
      this.#wake();
      return taken;
    }
    if (this.#end!.error !== null) throw this.#end!.error;
    return null;
  }

  /** Nothing more comes; what waits is still given out. */
  end(error: unknown = null): void {
    this.#end ??= { error };
    this.#wake();
  }

  /** Nothing more is taken: what waits is forgotten. */
  close(): void {
    this.#waiting = [];
    this.end();
  }

  #wake(): void {
    this.#wakeReader?.();
    this.#wakeWriter?.();
    this.#wakeReader = this.#wakeWriter = null;
  }
}
