import type { Finding } from '../service/index.ts';
import type { Outlet } from './outlet.ts';
import type { Delivery, SinkMessage } from './sink.ts';

/**
 * An outlet whose code is loaded when it is needed: a client library takes up to half a second of CPU, which every
 * command would pay that only reads the configuration.
 */
export class LazyOutlet implements Outlet {
  readonly delivery: Delivery;
  readonly #load: () => Promise<Outlet>;
  #loaded: Promise<Outlet> | null = null;

  constructor(delivery: Delivery, load: () => Promise<Outlet>) {
    this.delivery = delivery;
    this.#load = load;
  }

  async check(signal: AbortSignal): Promise<Finding[]> {
    return (await this.#outlet()).check(signal);
  }

  async open(signal: AbortSignal): Promise<void> {
    await (await this.#outlet()).open(signal);
  }

  async deliver(
    messages: readonly SinkMessage[],
    onDurable: () => void,
    signal: AbortSignal,
  ): Promise<void> {
    await (await this.#outlet()).deliver(messages, onDurable, signal);
  }

  async close(): Promise<void> {
    await (await this.#loaded)?.close();
  }

  #outlet(): Promise<Outlet> {
    return (this.#loaded ??= this.#load());
  }
}
