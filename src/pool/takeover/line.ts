import type { ChildProcess } from 'node:child_process';
import type { CallPort } from '../threads/calls.ts';
import type { ListenPlace } from '../listener.ts';
import type { PackedClient, PackedPool, PackedServer, PackedStatement } from './packed.ts';

/** What one process gives to the next, in the order in which it is needed. */
export type Given =
  /** A listening socket. */
  | { readonly what: 'socket'; readonly asked: string; readonly place: ListenPlace | null }
  | { readonly what: 'statement'; readonly statement: PackedStatement }
  /** Numbered from 0, in this order. */
  | { readonly what: 'pool'; readonly pool: PackedPool; readonly placeKey: string }
  | {
      readonly what: 'server';
      readonly server: PackedServer;
      readonly pool: number;
      /** The client that comes next has it. */
      readonly isLinked: boolean;
    }
  | {
      readonly what: 'client';
      readonly client: PackedClient;
      readonly pool: number;
      readonly isLinked: boolean;
    };

interface Envelope {
  readonly kind: 'given';
  readonly given: Given;
}

/**
 * The line between a process and the one that it has started to take over from it: Node's channel between parent
 * and child, the one way by which Node hands over sockets. Everything arrives in the order in which it was sent.
 */
export class ProcessLine implements CallPort {
  readonly #end: ChildProcess | NodeJS.Process;
  /** What has not gone out yet. */
  readonly #unsent = new Set<(error: Error) => void>();

  /** @param end  the child; in the child, its process */
  constructor(end: ChildProcess | NodeJS.Process) {
    this.#end = end;
    this.onCut(() => {
      for (const reject of this.#unsent) reject(gone());
    });
  }

  get isOpen(): boolean {
    return this.#end.connected;
  }

  /** Of questions and answers; what is given comes to `onGiven`. */
  on(_event: 'message', listener: (message: never) => void): void {
    this.#end.on('message', (message: unknown) => Reflect.apply(listener, null, [message]));
  }

  postMessage(message: unknown): void {
    this.#send(message, undefined).catch(() => undefined); // whoever waits for an answer hears of it
  }

  /** Resolves when it is on its way: then `handle` may be closed here. @throws the line is cut */
  give(given: Given, handle?: unknown): Promise<void> {
    const envelope: Envelope = { kind: 'given', given };
    return this.#send(envelope, handle);
  }

  onGiven(take: (given: Given, handle: unknown) => void): void {
    this.#end.on('message', (message: unknown, handle: unknown) => {
      if (isEnvelope(message)) take(message.given, handle);
    });
  }

  onCut(after: () => void): void {
    this.#end.once('disconnect', after);
  }

  close(): void {
    if (this.isOpen) this.#end.disconnect?.();
  }

  async #send(message: unknown, handle: unknown): Promise<void> {
    if (!this.isOpen || this.#end.send === undefined) throw gone();
    const { promise, resolve, reject } = Promise.withResolvers<void>();
    this.#unsent.add(reject);
    const after = (error: Error | null): void => {
      if (error === null) resolve();
      else reject(error);
    };
    // Its type knows sockets; those would be read by Node before we can.
    Reflect.apply(this.#end.send, this.#end, [message, handle, {}, after]);
    try {
      await promise;
    } finally {
      this.#unsent.delete(reject);
    }
  }
}

function gone(): Error {
  return new Error('the other process has gone');
}

/** Both sides are this program. */
function isEnvelope(message: unknown): message is Envelope {
  return (
    typeof message === 'object' && message !== null && 'kind' in message && message.kind === 'given'
  );
}
