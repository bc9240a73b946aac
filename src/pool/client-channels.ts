import { BackendWriter, type MessageBuffer, type Notification } from '../wire/index.ts';
import type { ChannelHub, Listening } from './contracts.ts';

/** The client that channels are heard for. */
export interface ChannelListener {
  /** There is something to tell. */
  onNotification(): void;
  /** What was notified from now on is lost. */
  onHubLost(): void;
}

/** The channels that a client listens on without a server of its own, and what it has not been told yet. */
export class ClientChannels implements Listening {
  readonly #hub: ChannelHub;
  readonly #client: ChannelListener;
  #names: Set<string> | null = null;
  #untold: Notification[] = [];

  constructor(hub: ChannelHub, client: ChannelListener) {
    this.#hub = hub;
    this.#client = client;
  }

  get count(): number {
    return this.#names?.size ?? 0;
  }

  has(channel: string): boolean {
    return this.#names?.has(channel) === true;
  }

  /** Resolves when everything that is notified from now on will be told. */
  async join(channel: string): Promise<void> {
    await this.#hub.listen(channel, this);
    this.#names ??= new Set();
    this.#names.add(channel);
  }

  leave(channel: string): void {
    if (this.#names?.delete(channel) === true) this.#hub.unlisten(channel, this);
  }

  leaveAll(): void {
    if (this.#names === null) return;
    this.#names = null;
    this.#hub.unlistenAll(this);
  }

  onNotification(notification: Notification): void {
    this.#untold.push(notification);
    this.#client.onNotification();
  }

  onHubLost(): void {
    this.#client.onHubLost();
  }

  /** @returns whether there was something to tell */
  writeTo(out: MessageBuffer): boolean {
    if (this.#untold.length === 0) return false;
    const writer = new BackendWriter(out);
    for (const { pid, channel, payload } of this.#untold.splice(0)) {
      writer.notification(pid, channel, payload);
    }
    return true;
  }
}
