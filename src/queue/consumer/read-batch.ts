import type { Session } from '../../session/index.ts';
import type { QueueEvent } from './event.ts';
import { EventRows } from './event-rows.ts';

/** Chunks read ahead of the handler; then the server waits. */
const chunksAhead = 2;

/**
 * The events of a batch in order, in chunks of at most `maxEvents`, read while the handler works. A chunk is handed
 * over when it is full or the batch has ended; a batch without events gives none.
 *
 * @param eventsSql  what `pgq.batch_event_sql` says
 */
export async function* readBatch(
  session: Session,
  eventsSql: string,
  maxEvents: number,
): AsyncGenerator<QueueEvent[], void, void> {
  const reading = new BatchReading(maxEvents);
  const read = session
    .copyOut(`COPY (${eventsSql}) TO STDOUT (FORMAT binary)`, reading.takeRun)
    .then(
      () => reading.end(),
      (error: unknown) => reading.fail(error),
    );
  try {
    for (;;) {
      const chunk = await reading.next();
      if (chunk === null) return;
      yield chunk;
    }
  } finally {
    reading.abandon();
    await read;
  }
}

class Abandoned extends Error {}

class BatchReading {
  readonly #maxEvents: number;
  readonly #rows: EventRows;
  readonly #chunks: QueueEvent[][] = [];
  #filling: QueueEvent[] = [];
  #isOver = false;
  #isAbandoned = false;
  #failure: { readonly error: unknown } | null = null;
  /** Somebody waits for a chunk, or the reading for room. */
  #wake: (() => void) | null = null;
  #makeRoom: (() => void) | null = null;

  constructor(maxEvents: number) {
    this.#maxEvents = maxEvents;
    this.#rows = new EventRows((event) => this.#take(event));
  }

  readonly takeRun = (bytes: Buffer): Promise<void> | undefined => {
    if (this.#isAbandoned) throw new Abandoned();
    this.#rows.push(bytes);
    if (this.#chunks.length < chunksAhead) return undefined;
    return new Promise((resolve) => (this.#makeRoom = resolve));
  };

  async next(): Promise<QueueEvent[] | null> {
    for (;;) {
      if (this.#failure !== null) throw this.#failure.error;
      const chunk = this.#chunks.shift();
      if (this.#chunks.length < chunksAhead) this.#letReadOn();
      if (chunk !== undefined) return chunk;
      if (this.#isOver) return null;
      await new Promise<void>((resolve) => (this.#wake = resolve));
    }
  }

  end(): void {
    if (this.#filling.length > 0) this.#chunks.push(this.#filling);
    this.#isOver = true;
    this.#wake?.();
  }

  fail(error: unknown): void {
    if (this.#isAbandoned) return;
    this.#failure = { error };
    this.#wake?.();
  }

  /** The rest is not wanted: the statement is cancelled if it still runs. */
  abandon(): void {
    this.#isAbandoned = true;
    this.#letReadOn();
  }

  #take(event: QueueEvent): void {
    this.#filling.push(event);
    if (this.#filling.length < this.#maxEvents) return;
    this.#chunks.push(this.#filling);
    this.#filling = [];
    this.#wake?.();
  }

  #letReadOn(): void {
    this.#makeRoom?.();
    this.#makeRoom = null;
  }
}
