import { Refusal } from '../refusal.ts';

/** What one side can be asked for, by name. Arguments and answers are copied, not shared. */
export type Handlers = Readonly<
  Record<string, (argument: never, signal: AbortSignal) => Promise<unknown>>
>;

/** What leads to the other side: a port of its thread, or the line to its process. */
export interface CallPort {
  on(event: 'message', listener: (message: Message<never>) => void): unknown;
  postMessage(message: unknown, transfer: []): void;
}

/** Both sides are this program: `V` is `never` where a value comes in that the other side has typed. */
type Message<V> =
  | { readonly kind: 'ask'; readonly id: number; readonly name: string; readonly argument: V }
  | { readonly kind: 'giveUp'; readonly id: number }
  | { readonly kind: 'answer'; readonly id: number; readonly value: V }
  | {
      readonly kind: 'refusal';
      readonly id: number;
      readonly sqlstate: string;
      readonly text: string;
    };

/**
 * Questions and answers between two threads, or two processes, each with an answer or a refusal. Questions arrive in the order
 * in which they were asked.
 */
export class Calls {
  readonly #port: CallPort;
  readonly #handlers: Handlers;
  readonly #asked = new Map<number, PromiseWithResolvers<never>>();
  readonly #working = new Map<number, AbortController>();
  #lastId = 0;
  #isOver = false;

  constructor(port: CallPort, handlers: Handlers) {
    this.#port = port;
    this.#handlers = handlers;
    port.on('message', (message) => this.#receive(message));
  }

  /** @throws Refusal  what the other side threw, or that it is gone */
  async ask<T>(name: string, argument: unknown, signal?: AbortSignal): Promise<T> {
    if (this.#isOver) throw gone();
    const id = ++this.#lastId;
    const answer = Promise.withResolvers<never>();
    this.#asked.set(id, answer);
    const giveUp = (): void => this.#send({ kind: 'giveUp', id });
    signal?.addEventListener('abort', giveUp, { once: true });
    this.#send({ kind: 'ask', id, name, argument });
    try {
      return await answer.promise;
    } finally {
      this.#asked.delete(id);
      signal?.removeEventListener('abort', giveUp);
    }
  }

  /** The other side has ended: nothing is answered any more. */
  end(): void {
    this.#isOver = true;
    for (const { reject } of this.#asked.values()) reject(gone());
  }

  #receive(message: Message<never>): void {
    switch (message.kind) {
      case 'ask':
        void this.#answer(message.id, message.name, message.argument);
        return;
      case 'giveUp':
        this.#working.get(message.id)?.abort(new Refusal('57014', 'given up'));
        return;
      case 'answer':
        this.#asked.get(message.id)?.resolve(message.value);
        return;
      case 'refusal':
        this.#asked.get(message.id)?.reject(new Refusal(message.sqlstate, message.text));
    }
  }

  async #answer(id: number, name: string, argument: never): Promise<void> {
    const work = new AbortController();
    this.#working.set(id, work);
    try {
      const value = await this.#handlers[name]?.(argument, work.signal);
      this.#send({ kind: 'answer', id, value });
    } catch (error) {
      const sqlstate = error instanceof Refusal ? error.sqlstate : 'XX000';
      const text = error instanceof Error ? error.message : String(error);
      this.#send({ kind: 'refusal', id, sqlstate, text });
    } finally {
      this.#working.delete(id);
    }
  }

  #send(message: Message<unknown>): void {
    // Copied, nothing of it is handed over.
    if (!this.#isOver) this.#port.postMessage(message, []);
  }
}

function gone(): Refusal {
  return new Refusal('57P01', 'the other side has ended');
}
