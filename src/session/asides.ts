import type { ServerMessageFields } from '../errors/index.ts';
import type { Notification, ParameterStatus } from '../wire/index.ts';

/** What a server says beside its replies. */
export interface Asides {
  notice: ServerMessageFields;
  notification: Notification;
  parameter: ParameterStatus;
}

type Listeners = { readonly [E in keyof Asides]: Set<(aside: Asides[E]) => void> };

/** Listeners by kind of aside. What one throws ends the connection, like everything that reads it. */
export class AsideListeners {
  readonly #listeners: Listeners = {
    notice: new Set(),
    notification: new Set(),
    parameter: new Set(),
  };

  on<E extends keyof Asides>(event: E, listener: (aside: Asides[E]) => void): void {
    this.#listeners[event].add(listener);
  }

  off<E extends keyof Asides>(event: E, listener: (aside: Asides[E]) => void): void {
    this.#listeners[event].delete(listener);
  }

  emit<E extends keyof Asides>(event: E, aside: Asides[E]): void {
    for (const listener of this.#listeners[event]) listener(aside);
  }
}
